/* SPDX-License-Identifier: Apache-2.0 */
/* An MCP tool server over stdio (revision 2025-11-25), as `make run` uses it:
 * text notes in one folder.
 *
 *	notes-server FOLDER
 *
 * Paths are absolute below FOLDER: "/drafts/a.txt" is FOLDER/drafts/a.txt.  A
 * path that is not plain (empty, "." or ".." components) is refused, and no
 * symbolic link is followed out of FOLDER.  It knows nothing of Freehold.  */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <yyjson.h>

constexpr size_t line_max = 4 << 20;
constexpr size_t note_max = 1 << 20;
constexpr size_t path_max = 1024;
constexpr int depth_max = 16;

static const char tools[] =
	"{\"tools\":["
	"{\"name\":\"list_notes\",\"description\":\"List all notes\",\"inputSchema\":"
	"{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}},"
	"{\"name\":\"read_note\",\"description\":\"Read one note\",\"inputSchema\":"
	"{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},"
	"\"required\":[\"path\"],\"additionalProperties\":false}},"
	"{\"name\":\"write_note\",\"description\":\"Write one note, replacing it\",\"inputSchema\":"
	"{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
	"\"text\":{\"type\":\"string\"}},\"required\":[\"path\",\"text\"],"
	"\"additionalProperties\":false}},"
	"{\"name\":\"delete_note\",\"description\":\"Delete one note\",\"inputSchema\":"
	"{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}},"
	"\"required\":[\"path\"],\"additionalProperties\":false}}]}";

/* One request being answered.  */
struct turn {
	int folder;              /* descriptor of the folder */
	yyjson_mut_doc *answer;
	yyjson_mut_val *root;
};

static void finish(struct turn *t)
{
	char *text = yyjson_mut_write(t->answer, 0, nullptr);

	if (text != nullptr)
		printf("%s\n", text);
	fflush(stdout);
	free(text);
}

static void fail(struct turn *t, int code, const char *message)
{
	yyjson_mut_val *e = yyjson_mut_obj_add_obj(t->answer, t->root, "error");

	yyjson_mut_obj_add_int(t->answer, e, "code", code);
	yyjson_mut_obj_add_strcpy(t->answer, e, "message", message);
	finish(t);
}

/* The result of a tool: one text.  */
static void say(struct turn *t, const char *text, size_t n, bool error)
{
	yyjson_mut_val *r = yyjson_mut_obj_add_obj(t->answer, t->root, "result");
	yyjson_mut_val *content = yyjson_mut_obj_add_arr(t->answer, r, "content");
	yyjson_mut_val *item = yyjson_mut_arr_add_obj(t->answer, content);

	yyjson_mut_obj_add_str(t->answer, item, "type", "text");
	yyjson_mut_obj_add_strncpy(t->answer, item, "text", text, n);
	yyjson_mut_obj_add_bool(t->answer, r, "isError", error);
	finish(t);
}

static void say_error(struct turn *t, const char *what)
{
	say(t, what, strlen(what), true);
}

/* The part of PATH below the folder, or NULL if PATH is not plain.  */
static const char *below(const char *path)
{
	const char *part = path;

	if (path == nullptr || path[0] != '/' || strlen(path) >= path_max)
		return nullptr;
	while (part != nullptr) {
		const char *next = strchr(part + 1, '/');
		size_t n = next != nullptr ? (size_t)(next - part - 1) : strlen(part + 1);

		bool dots = n <= 2 && strspn(part + 1, ".") >= n; /* "", "." and ".." */

		if (dots)
			return nullptr;
		part = next;
	}
	return path + 1;
}

/* Opens RELATIVE below the folder; the kernel refuses every way out.  */
static int open_below(int folder, const char *relative, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC,
				.mode = flags & O_CREAT ? 0644 : 0,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, folder, relative, &how, sizeof(how));
}

static void read_note(struct turn *t, const char *relative)
{
	char *text = malloc(note_max);
	int fd = open_below(t->folder, relative, O_RDONLY | O_NONBLOCK);
	ssize_t n = -1, more = 1;

	if (fd >= 0 && text != nullptr) {
		for (n = 0; more > 0 && (size_t)n < note_max; n += more > 0 ? more : 0)
			more = read(fd, text + n, note_max - (size_t)n);
	}
	if (n < 0 || more < 0)
		say_error(t, fd < 0 ? strerror(errno) : "the note cannot be read");
	else
		say(t, text, (size_t)n, false);
	if (fd >= 0)
		close(fd);
	free(text);
}

/* A note's folders are made as needed, one level after the other.  */
static void make_folders(int folder, const char *relative)
{
	char path[path_max];

	snprintf(path, sizeof(path), "%s", relative);
	for (char *p = strchr(path, '/'); p != nullptr; p = strchr(p + 1, '/')) {
		*p = '\0';
		char *last = strrchr(path, '/');
		int parent = folder;

		if (last != nullptr) {
			*last = '\0';
			parent = open_below(folder, path, O_RDONLY | O_DIRECTORY);
			*last = '/';
		}
		if (parent >= 0)
			(void)mkdirat(parent, last != nullptr ? last + 1 : path, 0755);
		if (parent >= 0 && parent != folder)
			close(parent);
		*p = '/';
	}
}

static void write_note(struct turn *t, const char *relative, const char *text, size_t n)
{
	make_folders(t->folder, relative);
	int fd = open_below(t->folder, relative, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK);
	size_t done = 0;

	while (fd >= 0 && done < n) {
		ssize_t put = write(fd, text + done, n - done);

		if (put <= 0)
			break;
		done += (size_t)put;
	}
	if (fd < 0 || done < n)
		say_error(t, strerror(errno));
	else
		say(t, "written", 7, false);
	if (fd >= 0)
		close(fd);
}

static void delete_note(struct turn *t, const char *relative)
{
	char path[path_max];
	const char *name = relative;
	int parent = t->folder;

	snprintf(path, sizeof(path), "%s", relative);
	char *last = strrchr(path, '/');

	if (last != nullptr) {
		*last = '\0';
		name = last + 1;
		parent = open_below(t->folder, path, O_RDONLY | O_DIRECTORY);
	}
	if (parent < 0 || unlinkat(parent, name, 0) != 0)
		say_error(t, strerror(errno));
	else
		say(t, "deleted", 7, false);
	if (parent >= 0 && parent != t->folder)
		close(parent);
}

/* Appends the paths of all notes below the directory FD to OUT.  */
static void list_below(int fd, const char *prefix, int depth, FILE *out)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	if (d == nullptr) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != nullptr) {
		char path[path_max];
		struct stat st;

		if (e->d_name[0] == '.'
		    || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0
		    || (size_t)snprintf(path, sizeof(path), "%s/%s", prefix, e->d_name) >= path_max)
			continue;
		if (S_ISREG(st.st_mode))
			fprintf(out, "%s\n", path);
		int inner = S_ISDIR(st.st_mode) && depth < depth_max
			  ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) : -1;

		if (inner >= 0)
			list_below(inner, path, depth + 1, out);
	}
	closedir(d);
}

static void list_notes(struct turn *t)
{
	char *text = nullptr;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out == nullptr) {
		say_error(t, "out of memory");
		return;
	}
	list_below(open_below(t->folder, ".", O_RDONLY | O_DIRECTORY), "", 0, out);
	fclose(out);
	say(t, text, n, false);
	free(text);
}

static void call(struct turn *t, yyjson_val *params)
{
	const char *name = yyjson_get_str(yyjson_obj_get(params, "name"));
	yyjson_val *arguments = yyjson_obj_get(params, "arguments");
	yyjson_val *text = yyjson_obj_get(arguments, "text");
	const char *path = yyjson_get_str(yyjson_obj_get(arguments, "path"));
	const char *relative = below(path);

	if (name == nullptr)
		fail(t, -32602, "a tool has a name");
	else if (strcmp(name, "list_notes") == 0)
		list_notes(t);
	else if (strcmp(name, "read_note") != 0 && strcmp(name, "write_note") != 0
		 && strcmp(name, "delete_note") != 0)
		fail(t, -32602, "there is no such tool");
	else if (relative == nullptr
		 || !yyjson_equals_str(yyjson_obj_get(arguments, "path"), path))
		say_error(t, "the path must be absolute and plain, like /drafts/a.txt");
	else if (strcmp(name, "read_note") == 0)
		read_note(t, relative);
	else if (strcmp(name, "delete_note") == 0)
		delete_note(t, relative);
	else if (!yyjson_is_str(text) || yyjson_get_len(text) > note_max)
		say_error(t, "write_note needs a text of at most 1 MiB");
	else
		write_note(t, relative, yyjson_get_str(text), yyjson_get_len(text));
}

static void answer_initialize(struct turn *t)
{
	yyjson_mut_val *r = yyjson_mut_obj_add_obj(t->answer, t->root, "result");
	yyjson_mut_val *info, *can;

	yyjson_mut_obj_add_str(t->answer, r, "protocolVersion", "2025-11-25");
	can = yyjson_mut_obj_add_obj(t->answer, r, "capabilities");
	yyjson_mut_obj_add_obj(t->answer, can, "tools");
	info = yyjson_mut_obj_add_obj(t->answer, r, "serverInfo");
	yyjson_mut_obj_add_str(t->answer, info, "name", "notes-server");
	yyjson_mut_obj_add_str(t->answer, info, "version", "1.0.0");
	yyjson_mut_obj_add_str(t->answer, r, "instructions", "Notes are text files below /.");
	finish(t);
}

static void answer(struct turn *t, const char *method, yyjson_val *params)
{
	if (strcmp(method, "initialize") == 0) {
		answer_initialize(t);
	} else if (strcmp(method, "ping") == 0) {
		yyjson_mut_obj_add_obj(t->answer, t->root, "result");
		finish(t);
	} else if (strcmp(method, "tools/list") == 0) {
		yyjson_mut_obj_add_val(t->answer, t->root, "result",
				       yyjson_mut_raw(t->answer, tools));
		finish(t);
	} else if (strcmp(method, "tools/call") == 0) {
		call(t, params);
	} else {
		fail(t, -32601, "there is no such method");
	}
}

/* One message; notifications and what is none of ours get no answer.  */
static void take(int folder, const char *line, size_t n)
{
	yyjson_doc *doc = yyjson_read(line, n, 0);
	yyjson_val *root = yyjson_doc_get_root(doc);
	yyjson_val *id = yyjson_obj_get(root, "id");
	const char *method = yyjson_get_str(yyjson_obj_get(root, "method"));
	struct turn t = { folder, yyjson_mut_doc_new(nullptr), nullptr };

	if (t.answer == nullptr)
		exit(2);
	t.root = yyjson_mut_obj(t.answer);
	yyjson_mut_doc_set_root(t.answer, t.root);
	yyjson_mut_obj_add_str(t.answer, t.root, "jsonrpc", "2.0");
	yyjson_mut_obj_add_val(t.answer, t.root, "id",
			       id != nullptr ? yyjson_val_mut_copy(t.answer, id)
					     : yyjson_mut_null(t.answer));
	if (doc == nullptr)
		fail(&t, -32700, "not JSON");
	else if (method == nullptr && id == nullptr)
		fail(&t, -32600, "not a request");
	else if (method != nullptr && id != nullptr)
		answer(&t, method, yyjson_obj_get(root, "params"));
	yyjson_mut_doc_free(t.answer);
	yyjson_doc_free(doc);
}

int main(int argc, char **argv)
{
	char *line = nullptr;
	size_t cap = 0;
	ssize_t n;

	if (argc != 2) {
		fprintf(stderr, "usage: notes-server FOLDER\n");
		return 64;
	}
	int folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		fprintf(stderr, "notes-server: %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	while ((n = getline(&line, &cap, stdin)) > 0) {
		if ((size_t)n > line_max)
			break;
		take(folder, line, (size_t)n);
	}
	free(line);
	close(folder);
	return 0;
}
