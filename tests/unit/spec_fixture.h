/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEC_FIXTURE_H
#define SPEC_FIXTURE_H

/* Holds what is written to the golden bytes of docs/spec.  Behind cmocka.h.  */
#include <stdio.h>
#include <string.h>

#include "base/builder.h"

/* Reads the document NAME without blanks and line ends.  */
static inline char *spec_text(const char *name)
{
	static char text[1 << 16];
	char path[1024];
	size_t n = 0;
	int c;

	(void)snprintf(path, sizeof(path), "%s/docs/spec/%s", FH_SOURCE, name);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF && n + 1 < sizeof(text)) {
		if (c != ' ' && c != '\n')
			text[n++] = (char)c;
	}
	(void)fclose(f);
	text[n] = '\0';
	return text;
}

/* BYTES stand in hex in the document.  */
static inline void stands_in(const char *name, const char *what, struct fh_span bytes)
{
	static char hex[8192];
	struct fh_builder b = FH_BUILDER_ARRAY(hex);

	assert_true(bytes.n > 0);
	fh_builder_hex(&b, bytes);
	fh_builder_u8(&b, '\0');
	assert_false(b.bad);
	if (strstr(spec_text(name), hex) == nullptr)
		fail_msg("docs/spec/%s: %s is %s", name, what, hex);
}

#endif
