/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/chip.h"

void fh_chip_drop(struct fh_chip *c)
{
	if (c->class != nullptr)
		c->class->close(c);
	*c = (struct fh_chip){ 0 };
}
