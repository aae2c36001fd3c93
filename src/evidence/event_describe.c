/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_describe.h"

#include "base/utf8.h"

constexpr size_t guid_size = 16;
constexpr size_t path_header = 4;       /* type, subtype, length of a node */
constexpr uint8_t path_media = 0x04;
constexpr uint8_t path_end = 0x7f;
constexpr uint8_t media_disk = 0x01;
constexpr uint8_t media_file = 0x04;
constexpr size_t separator_shown = 8;   /* bytes of a separator */
constexpr size_t text_characters = FH_EVENT_TEXT_MAX / 3; /* three bytes each in UTF-8 */

/* --- characters ------------------------------------------------------------------ */

static bool printable(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0xd800 && c < 0xe000) &&
	       c != 0xfffe && c != 0xffff;
}

/* S without the zeros at its end, which some writers count and others do not.  */
static struct fh_span trimmed(struct fh_span s, size_t unit)
{
	while (s.n >= unit && s.p[s.n - 1] == 0 && s.p[s.n - unit] == 0)
		s.n -= unit;
	return s;
}

static bool is_ascii(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	}
	return s.n > 0;
}

static bool is_utf16(struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	while (c.rest.n >= 2) {
		if (!printable(fh_cursor_le16(&c)))
			return false;
	}
	return s.n > 0 && c.rest.n == 0;
}

static void put_ascii(struct fh_builder *b, struct fh_span s)
{
	for (size_t i = 0; i < s.n && i < text_characters; i++)
		fh_builder_u8(b, s.p[i] < 0x20 || s.p[i] > 0x7e ? '?' : s.p[i]);
}

static void put_utf16(struct fh_builder *b, struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	for (size_t i = 0; c.rest.n >= 2 && i < text_characters; i++) {
		uint32_t v = fh_cursor_le16(&c);

		if (v == 0)
			return;
		fh_utf8_put(b, printable(v) ? v : '?');
	}
}

static void put_size(struct fh_builder *b, size_t n)
{
	fh_builder_decimal(b, n);
	fh_builder_text(b, " bytes");
}

/* A text in either encoding; what is none is only counted.  */
static void put_text(struct fh_builder *b, struct fh_span s)
{
	if (is_ascii(trimmed(s, 1)))
		put_ascii(b, trimmed(s, 1));
	else if (is_utf16(trimmed(s, 2)))
		put_utf16(b, s);
	else
		put_size(b, s.n);
}

/* --- structures ------------------------------------------------------------------ */

bool fh_event_variable_read(struct fh_span data, struct fh_event_variable *out)
{
	struct fh_cursor c = fh_cursor_of(data);
	struct fh_event_variable v;

	(void)fh_cursor_take(&c, guid_size);
	uint64_t name = fh_cursor_le64(&c), value = fh_cursor_le64(&c);

	if (name > FH_EVENT_DATA_MAX || value > FH_EVENT_DATA_MAX)
		return false;
	v.name = fh_cursor_take(&c, 2 * (size_t)name);
	v.value = fh_cursor_take(&c, (size_t)value);
	if (fh_cursor_bad(&c) || c.rest.n > FH_EVENT_SLACK)
		return false;
	v.whole = fh_span_first(data, data.n - c.rest.n);
	*out = v;
	return true;
}

bool fh_event_image_path(struct fh_span data, struct fh_span *path)
{
	for (size_t number = 8; number >= 4; number -= 4) {
		struct fh_cursor c = fh_cursor_of(data);

		(void)fh_cursor_take(&c, 8 + 2 * number); /* address, length, link address */
		uint64_t n = number == 8 ? fh_cursor_le64(&c) : fh_cursor_le32(&c);

		if (fh_cursor_bad(&c) || n > c.rest.n || c.rest.n - n > FH_EVENT_SLACK)
			continue;
		*path = fh_span_first(c.rest, (size_t)n);
		return true;
	}
	return false;
}

static void put_node(struct fh_builder *b, uint8_t type, uint8_t subtype, struct fh_span body)
{
	struct fh_cursor c = fh_cursor_of(body);

	if (type != path_media)
		return;
	if (subtype == media_file) {
		put_utf16(b, body);
	} else if (subtype == media_disk) {
		fh_builder_text(b, "partition ");
		fh_builder_decimal(b, fh_cursor_le32(&c));
		fh_builder_text(b, " ");
	}
}

/* At most as many bytes as FH_DEVICE_PATH_NODES texts, and B bounds them.  */
bool fh_device_path_put(struct fh_builder *b, struct fh_span path)
{
	struct fh_cursor c = fh_cursor_of(path);

	for (size_t i = 0; i < FH_DEVICE_PATH_NODES; i++) {
		uint8_t type = fh_cursor_u8(&c), subtype = fh_cursor_u8(&c);
		size_t n = fh_cursor_le16(&c);

		if (fh_cursor_bad(&c) || n < path_header)
			return false;
		struct fh_span body = fh_cursor_take(&c, n - path_header);

		if (fh_cursor_bad(&c))
			return false;
		if (type == path_end && subtype == 0xff)
			return c.rest.n == 0;
		put_node(b, type, subtype, body);
	}
	return false;
}

static void put_image(struct fh_builder *b, struct fh_span data)
{
	struct fh_span path;
	size_t before = b->n;

	if (!fh_event_image_path(data, &path) || (path.n > 0 && !fh_device_path_put(b, path))) {
		b->n = before;
		fh_builder_text(b, "malformed image event");
	} else if (b->n == before) {
		fh_builder_text(b, "image without a file");
	}
}

static void put_variable(struct fh_builder *b, struct fh_span data)
{
	struct fh_event_variable v;

	if (fh_event_variable_read(data, &v))
		put_utf16(b, v.name);
	else
		fh_builder_text(b, "malformed variable event");
}

/* A description with a length before it: UEFI_PLATFORM_FIRMWARE_BLOB2 and its like.  */
static void put_labelled(struct fh_builder *b, struct fh_span data)
{
	struct fh_cursor c = fh_cursor_of(data);
	struct fh_span label = fh_cursor_take(&c, fh_cursor_u8(&c));

	if (label.n == 0)
		put_size(b, data.n);
	else
		put_ascii(b, trimmed(label, 1));
}

static void put_no_action(struct fh_builder *b, struct fh_span data)
{
	struct fh_span name = fh_span_first(data, fh_span_find(data, 0));

	if (!is_ascii(name)) {
		put_size(b, data.n);
		return;
	}
	put_ascii(b, name);
	if (fh_span_equal(name, FH_SPAN_LIT("StartupLocality")) && data.n == name.n + 2) {
		fh_builder_text(b, " ");
		fh_builder_decimal(b, data.p[name.n + 1]);
	}
}

/* TCG_PCClientTaggedEvent: a number and a size, then what Linux fills with a name.  */
static void put_tagged(struct fh_builder *b, struct fh_span data)
{
	constexpr size_t head_size = 8;

	if (data.n > head_size)
		put_text(b, fh_span_skip(data, head_size));
	else
		put_size(b, data.n);
}

static void describe(const struct fh_event *e, struct fh_builder *b)
{
	switch (e->type) {
	case FH_EV_NO_ACTION:
		put_no_action(b, e->data);
		break;
	case FH_EV_EVENT_TAG:
		put_tagged(b, e->data);
		break;
	case FH_EV_SEPARATOR:
		fh_builder_hex(b, fh_span_first(e->data, separator_shown));
		break;
	case FH_EV_EFI_VARIABLE_DRIVER_CONFIG:
	case FH_EV_EFI_VARIABLE_BOOT:
	case FH_EV_EFI_VARIABLE_BOOT2:
	case FH_EV_EFI_VARIABLE_AUTHORITY:
		put_variable(b, e->data);
		break;
	case FH_EV_EFI_BOOT_SERVICES_APPLICATION:
	case FH_EV_EFI_BOOT_SERVICES_DRIVER:
	case FH_EV_EFI_RUNTIME_SERVICES_DRIVER:
		put_image(b, e->data);
		break;
	case FH_EV_EFI_PLATFORM_FIRMWARE_BLOB2:
	case FH_EV_EFI_HANDOFF_TABLES2:
		put_labelled(b, e->data);
		break;
	default:
		put_text(b, e->data);
	}
}

void fh_event_describe(const struct fh_event *e, struct fh_builder *b)
{
	/* The longest path is FH_DEVICE_PATH_NODES texts.  */
	uint8_t room[FH_DEVICE_PATH_NODES * (FH_EVENT_TEXT_MAX + 32)];
	struct fh_builder whole = FH_BUILDER_ARRAY(room);

	describe(e, &whole);
	fh_builder_bytes(b, fh_utf8_first(fh_builder_span(&whole), FH_EVENT_TEXT_MAX));
}
