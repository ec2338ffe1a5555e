// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Builds the tree of hp_yaml.h from libyaml's events. All memory of a file hangs on one list of
// chunks, so that freeing it needs no walk. Nothing here recurses: depth is a counter.

#include "base/hp_yaml.h"

#include "base/hp_yaml_read.h"

#include <yaml.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_BYTES (4u << 20) // a ConfigMap ends at 1 MiB, four of them fit
#define DEFAULT_MAX_DEPTH 64u // manifests nest about 15 deep
#define DEFAULT_MAX_NODES 1000000u // about 150 MiB of nodes, whatever the input
#define DEFAULT_MAX_DOCS 10000u
#define MAX_ANCHORS 4096u // of one document; people write a handful
#define ANCHOR_BUCKETS 256u
#define CHUNK_BYTES (64u << 10)

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

struct hp_yaml_file {
	struct chunk *chunks;
	struct hp_yaml_node **roots;
	uint32_t n_docs, room_docs;
};

struct anchor {
	struct anchor *next; // of the same bucket
	const struct hp_yaml_node *node;
	bool open; // its node has not ended: an alias to it would contain itself
};

// A collection that has begun and not ended. Its children wait in builder.pending from `first`.
struct frame {
	struct hp_yaml_node *node;
	struct anchor *anchor;
	size_t first;
};

struct builder {
	struct hp_yaml_file *file;
	const char *name;
	const char *text;
	size_t len, bom;
	struct hp_yaml_limits max;
	struct hp_err *err;
	yaml_parser_t parser;
	struct frame *frames; // max.max_depth of them
	uint32_t depth;
	struct hp_yaml_node **pending;
	size_t n_pending, room_pending;
	struct anchor *anchors[ANCHOR_BUCKETS];
	uint32_t n_anchors;
	uint64_t n_nodes;
	size_t at_char, at_byte; // where index_to_byte() was last
};

static void *file_alloc(struct hp_yaml_file *file, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	struct chunk *c = file->chunks;

	bytes = (bytes + align - 1) / align * align;
	if (c == NULL || c->size - c->used < bytes) {
		const size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

		c = malloc(sizeof(*c) + size);
		if (c == NULL)
			return NULL;
		c->next = file->chunks;
		c->used = 0;
		c->size = size;
		file->chunks = c;
	}
	void *p = c->data + c->used;
	c->used += bytes;
	return memset(p, 0, bytes);
}

static const char *file_copy(struct hp_yaml_file *file, const void *text, size_t len)
{
	char *p = file_alloc(file, len + 1);

	if (p != NULL && len > 0)
		memcpy(p, text, len);
	return p;
}

static int no_memory(struct builder *b)
{
	return hp_err_set(
		b->err, HP_EXIT_DATA, ENOMEM, "%s: out of memory while reading it", b->name);
}

static int refuse(
	struct builder *b, const yaml_mark_t *mark, const char *what, const char *expected)
{
	return hp_err_set(b->err, HP_EXIT_DATA, EINVAL, "%s:%zu:%zu: %s, %s", b->name,
		mark->line + 1, mark->column + 1, what, expected);
}

static int refuse_number(struct builder *b, const yaml_mark_t *mark, const char *what, size_t max)
{
	return hp_err_set(b->err, HP_EXIT_DATA, E2BIG, "%s:%zu:%zu: %s, expected at most %zu",
		b->name, mark->line + 1, mark->column + 1, what, max);
}

// libyaml counts characters. Marks come nearly in order, so walking on from the last one is linear.
static size_t index_to_byte(struct builder *b, size_t index)
{
	while (b->at_char < index && b->at_byte < b->len) {
		b->at_byte++;
		while (b->at_byte < b->len && ((unsigned char)b->text[b->at_byte] & 0xc0) == 0x80)
			b->at_byte++;
		b->at_char++;
	}
	while (b->at_char > index) {
		b->at_byte--;
		while (((unsigned char)b->text[b->at_byte] & 0xc0) == 0x80)
			b->at_byte--;
		b->at_char--;
	}
	return b->at_byte + b->bom;
}

static int count_nodes(struct builder *b, const yaml_mark_t *mark, uint32_t n)
{
	b->n_nodes += n;
	if (b->n_nodes > b->max.max_nodes)
		return refuse_number(
			b, mark, "too many values once aliases are expanded", b->max.max_nodes);
	return 0;
}

static int add_pending(struct builder *b, struct hp_yaml_node *node)
{
	if (b->n_pending == b->room_pending) {
		const size_t room = b->room_pending == 0 ? 256 : b->room_pending * 2;
		struct hp_yaml_node **p = realloc(b->pending, room * sizeof(*p));

		if (p == NULL)
			return no_memory(b);
		b->pending = p;
		b->room_pending = room;
	}
	b->pending[b->n_pending++] = node;
	return 0;
}

static uint32_t anchor_bucket(const char *name)
{
	uint32_t hash = 2166136261u; // FNV-1a

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash % ANCHOR_BUCKETS;
}

// A later anchor of the same name hides the earlier one, as YAML says: it comes first in its
// bucket.
static int add_anchor(struct builder *b, const yaml_mark_t *mark, struct hp_yaml_node *node,
	const yaml_char_t *name, bool open, struct anchor **out)
{
	const char *text = (const char *)name;
	struct anchor *a;

	if (name == NULL)
		return 0;
	if (++b->n_anchors > MAX_ANCHORS)
		return refuse_number(b, mark, "too many anchors in one document", MAX_ANCHORS);
	a = file_alloc(b->file, sizeof(*a));
	node->anchor = file_copy(b->file, text, strlen(text));
	if (a == NULL || node->anchor == NULL)
		return no_memory(b);
	a->node = node;
	a->open = open;
	a->next = b->anchors[anchor_bucket(text)];
	b->anchors[anchor_bucket(text)] = a;
	*out = a;
	return 0;
}

static struct hp_yaml_node *new_node(
	struct builder *b, const yaml_event_t *e, enum hp_yaml_type type, const yaml_char_t *tag)
{
	struct hp_yaml_node *node = file_alloc(b->file, sizeof(*node));

	if (node == NULL || count_nodes(b, &e->start_mark, 1) < 0)
		return NULL;
	node->type = type;
	node->line = (uint32_t)e->start_mark.line + 1;
	node->column = (uint32_t)e->start_mark.column + 1;
	node->start = index_to_byte(b, e->start_mark.index);
	node->end = index_to_byte(b, e->end_mark.index);
	node->size = 1;
	node->height = 1;
	if (tag != NULL) {
		node->tag = file_copy(b->file, tag, strlen((const char *)tag));
		if (node->tag == NULL)
			return NULL;
	}
	return node;
}

static int on_scalar(struct builder *b, const yaml_event_t *e)
{
	static const char styles[] = {
		[YAML_PLAIN_SCALAR_STYLE] = 'p',
		[YAML_SINGLE_QUOTED_SCALAR_STYLE] = '\'',
		[YAML_DOUBLE_QUOTED_SCALAR_STYLE] = '"',
		[YAML_LITERAL_SCALAR_STYLE] = '|',
		[YAML_FOLDED_SCALAR_STYLE] = '>',
	};
	struct anchor *unused;
	struct hp_yaml_node *node = new_node(b, e, HP_YAML_SCALAR, e->data.scalar.tag);

	if (node == NULL)
		return no_memory(b); // or the limit, which is set already
	node->style = styles[e->data.scalar.style];
	node->plain = node->style == 'p';
	node->len = e->data.scalar.length;
	node->value = file_copy(b->file, e->data.scalar.value, node->len);
	if (node->value == NULL)
		return no_memory(b);
	if (add_anchor(b, &e->start_mark, node, e->data.scalar.anchor, false, &unused) < 0)
		return -EINVAL;
	return add_pending(b, node);
}

static int on_start(struct builder *b, const yaml_event_t *e, enum hp_yaml_type type,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct frame *f;

	if (b->depth == b->max.max_depth)
		return refuse_number(b, &e->start_mark, "nested too deeply", b->max.max_depth);
	f = &b->frames[b->depth];
	*f = (struct frame){.first = b->n_pending};
	f->node = new_node(b, e, type, tag);
	if (f->node == NULL)
		return no_memory(b);
	if (add_anchor(b, &e->start_mark, f->node, anchor, true, &f->anchor) < 0)
		return -EINVAL;
	b->depth++;
	return 0;
}

static int on_end(struct builder *b, const yaml_event_t *e)
{
	struct frame *f = &b->frames[--b->depth];
	struct hp_yaml_node *node = f->node;
	const uint32_t n = (uint32_t)(b->n_pending - f->first);
	const uint32_t step = node->type == HP_YAML_MAP ? 2 : 1;

	node->n = n / step;
	node->end = index_to_byte(b, e->end_mark.index);
	node->items = file_alloc(b->file, (node->n + 1) * sizeof(*node->items));
	if (step == 2)
		node->keys = file_alloc(b->file, (node->n + 1) * sizeof(*node->keys));
	if (node->items == NULL || (step == 2 && node->keys == NULL))
		return no_memory(b);
	for (uint32_t i = 0; i < n; i++) {
		struct hp_yaml_node *child = b->pending[f->first + i];

		if (step == 2 && i % 2 == 0)
			node->keys[i / 2] = child;
		else
			node->items[i / step] = child;
		node->size += child->size;
		if (child->height >= node->height)
			node->height = child->height + 1;
	}
	b->n_pending = f->first;
	if (f->anchor != NULL)
		f->anchor->open = false;
	return add_pending(b, node);
}

static int on_alias(struct builder *b, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	const struct anchor *a = b->anchors[anchor_bucket(name)];

	while (a != NULL && strcmp(a->node->anchor, name) != 0)
		a = a->next;
	if (a == NULL)
		return refuse(b, &e->start_mark, "unknown alias",
			"expected the name of an anchor (&name) earlier in this document");
	if (a->open)
		return refuse(b, &e->start_mark, "alias inside its own anchor",
			"expected a value that ends before it is used");
	if (b->depth + a->node->height > b->max.max_depth + 1)
		return refuse_number(
			b, &e->start_mark, "nested too deeply by aliases", b->max.max_depth);
	if (count_nodes(b, &e->start_mark, a->node->size) < 0)
		return -E2BIG;
	// The tree is read-only for callers; pending holds it without const for the parents.
	return add_pending(b, (struct hp_yaml_node *)(uintptr_t)a->node);
}

static int on_document_end(struct builder *b, const yaml_event_t *e)
{
	struct hp_yaml_file *file = b->file;
	struct hp_yaml_node *root = b->n_pending > 0 ? b->pending[0] : NULL;

	if (file->n_docs == b->max.max_docs)
		return refuse_number(b, &e->start_mark, "too many documents", b->max.max_docs);
	if (file->n_docs == file->room_docs) {
		const uint32_t room = file->room_docs == 0 ? 16 : file->room_docs * 2;
		struct hp_yaml_node **p = realloc(file->roots, room * sizeof(*p));

		if (p == NULL)
			return no_memory(b);
		file->roots = p;
		file->room_docs = room;
	}
	if (root != NULL && root->plain && root->len == 0 && root->tag == NULL)
		root = NULL;
	file->roots[file->n_docs++] = root;
	b->n_pending = 0;
	b->n_anchors = 0;
	memset(b->anchors, 0, sizeof(b->anchors));
	return 0;
}

static int on_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, e);
	case YAML_ALIAS_EVENT:
		return on_alias(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, e, HP_YAML_SEQ, e->data.sequence_start.anchor,
			e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_start(
			b, e, HP_YAML_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b, e);
	case YAML_DOCUMENT_END_EVENT:
		return on_document_end(b, e);
	default:
		return 0;
	}
}

static int parse_events(struct builder *b)
{
	for (;;) {
		yaml_event_t e;

		if (!yaml_parser_parse(&b->parser, &e))
			return hp_yaml_parser_error(&b->parser, b->name, b->text, b->len, b->err);
		const bool last = e.type == YAML_STREAM_END_EVENT;
		const int ret = on_event(b, &e);
		yaml_event_delete(&e);
		if (ret < 0 || last)
			return ret;
	}
}

static uint32_t or_default(uint32_t given, uint32_t fallback)
{
	return given != 0 ? given : fallback;
}

struct hp_yaml_limits hp_yaml_limits_or_default(const struct hp_yaml_limits *given)
{
	struct hp_yaml_limits max = given != NULL ? *given : (struct hp_yaml_limits){0};

	max.max_bytes = max.max_bytes != 0 ? max.max_bytes : DEFAULT_MAX_BYTES;
	max.max_depth = or_default(max.max_depth, DEFAULT_MAX_DEPTH);
	max.max_nodes = or_default(max.max_nodes, DEFAULT_MAX_NODES);
	max.max_docs = or_default(max.max_docs, DEFAULT_MAX_DOCS);
	return max;
}

struct hp_yaml_file *hp_yaml_load(const char *name, const char *text, size_t len,
	const struct hp_yaml_limits *limits, struct hp_err *err)
{
	struct builder b = {.name = name, .err = err, .max = hp_yaml_limits_or_default(limits)};
	int ret = -ENOMEM;

	if (len > b.max.max_bytes) {
		hp_err_set(err, HP_EXIT_DATA, E2BIG, "%s:1:1: %zu bytes, expected at most %zu",
			name, len, b.max.max_bytes);
		return NULL;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		b.bom = 3;
	b.text = text + b.bom;
	b.len = len - b.bom;
	b.file = calloc(1, sizeof(*b.file));
	b.frames = calloc(b.max.max_depth, sizeof(*b.frames));
	if (b.file == NULL || b.frames == NULL || !yaml_parser_initialize(&b.parser)) {
		no_memory(&b);
		goto out;
	}
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)b.text, b.len);
	ret = parse_events(&b);
	yaml_parser_delete(&b.parser);
out:
	free(b.frames);
	free(b.pending);
	if (ret == 0)
		return b.file;
	hp_yaml_free(b.file);
	return NULL;
}

void hp_yaml_free(struct hp_yaml_file *file)
{
	if (file == NULL)
		return;
	while (file->chunks != NULL) {
		struct chunk *next = file->chunks->next;

		free(file->chunks);
		file->chunks = next;
	}
	free(file->roots);
	free(file);
}

uint32_t hp_yaml_docs(const struct hp_yaml_file *file)
{
	return file->n_docs;
}

const struct hp_yaml_node *hp_yaml_root(const struct hp_yaml_file *file, uint32_t i)
{
	return i < file->n_docs ? file->roots[i] : NULL;
}
