/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_OWN_H
#define FH_BASE_OWN_H

/* FH_OWN(name) on a local: name_drop() runs when it leaves scope.  A zeroed
 * object is always droppable, and dropping twice does nothing.  Ownership
 * moves by copying and zeroing the source.  */
#define FH_OWN(type) __attribute__((cleanup(type##_drop))) struct type

#endif
