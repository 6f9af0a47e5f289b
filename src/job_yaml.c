/* SPDX-License-Identifier: BSD-3-Clause */
/* job_yaml.c - YAML in and out; the only file that knows it */
#include "job_parts.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static void complain_of_syntax(const struct reading *r, const yaml_parser_t *parser)
{
  const char *problem = parser->problem ? parser->problem : "cannot be read";
  size_t line = parser->problem_mark.line + 1;

  /* Wrong bytes have an offset, but no mark. */
  if (parser->error == YAML_READER_ERROR) {
    line = 1;
    for (size_t i = 0; i < parser->problem_offset && r->text[i]; i++) line += r->text[i] == '\n';
  }
  char *what =
      parser->context ? fail_text("%s %s", problem, parser->context) : fail_text("%s", problem);
  job_complain(r, line, "not valid YAML", what);
  free(what);
}

static void parser_on(yaml_parser_t *parser, const char *text)
{
  CHECK(yaml_parser_initialize(parser), "out of memory: cannot read YAML");
  yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(parser, (const unsigned char *)text, strlen(text));
}

/* What YAML allows and our files do not; NULL if there is nothing. */
static const char *unwelcome(const yaml_event_t *event, int documents)
{
  const char *anchor = "anchors and aliases (& and *) are not used here";
  const char *tag = "tags (!) are not used here";

  switch (event->type) {
  case YAML_ALIAS_EVENT:
    return anchor;
  case YAML_SCALAR_EVENT:
    return event->data.scalar.anchor ? anchor : event->data.scalar.tag ? tag : NULL;
  case YAML_SEQUENCE_START_EVENT:
    return event->data.sequence_start.anchor ? anchor : event->data.sequence_start.tag ? tag : NULL;
  case YAML_MAPPING_START_EVENT:
    return event->data.mapping_start.anchor ? anchor : event->data.mapping_start.tag ? tag : NULL;
  case YAML_DOCUMENT_START_EVENT:
    return documents > 0 ? "one document is read, and here begins a second one" : NULL;
  default:
    return NULL;
  }
}

/* First reading, of events: a document hides anchors, and with them texts of enormous size. True
 * if there is one document, good to load; false with a fault, or without one if there is none. */
static bool is_sound(const struct reading *r)
{
  yaml_parser_t parser;
  yaml_event_t event;
  bool sound = true, ended = false;
  int documents = 0;

  parser_on(&parser, r->text);
  while (sound && !ended) {
    if (!yaml_parser_parse(&parser, &event)) {
      complain_of_syntax(r, &parser);
      sound = false;
      break;
    }
    const char *problem = unwelcome(&event, documents);
    if (problem) job_complain(r, event.start_mark.line + 1, "", problem);
    sound = !problem;
    documents += event.type == YAML_DOCUMENT_START_EVENT;
    ended = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return sound && documents > 0;
}

/* Second reading. The caller deletes the document if the result is true. */
static bool load(const struct reading *r, yaml_document_t *document)
{
  yaml_parser_t parser;

  if (!is_sound(r)) return false;
  parser_on(&parser, r->text);
  bool loaded = yaml_parser_load(&parser, document);
  if (!loaded) complain_of_syntax(r, &parser);
  yaml_parser_delete(&parser);
  return loaded;
}

/* A plain word, or NULL for anything else; a word with a zero byte would be cut short in C. */
static const char *word_of(const yaml_node_t *node)
{
  if (node->type != YAML_SCALAR_NODE) return NULL;
  const char *word = (const char *)node->data.scalar.value;
  return strlen(word) == node->data.scalar.length ? word : NULL;
}

/* The words of a node; caller frees given.word. */
static struct given given_by(yaml_document_t *document, const yaml_node_t *node)
{
  struct given given = {.list = node->type == YAML_SEQUENCE_NODE, .count = 1};

  if (given.list) given.count = node->data.sequence.items.top - node->data.sequence.items.start;
  given.word = fail_alloc((size_t)given.count, sizeof *given.word);
  if (!given.list) given.word[0] = word_of(node);
  for (long i = 0; given.list && i < given.count; i++)
    given.word[i] = word_of(yaml_document_get_node(document, node->data.sequence.items.start[i]));
  return given;
}

bool yaml_can_hold(const char *text)
{
  yaml_event_t event;
  bool good = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                           (int)strlen(text), 1, 1, YAML_ANY_SCALAR_STYLE);

  if (good) yaml_event_delete(&event);
  return good;
}

static void complain_twice(const struct reading *r, const char *name, size_t first, size_t line)
{
  char *problem = fail_text("given twice, on lines %zu and %zu", first, line);

  job_complain(r, line, name, problem);
  free(problem);
}

static void read_section(struct job *job, const struct reading *r, yaml_document_t *document,
                         const yaml_node_t *node, const char *section);

/* Hand the list, or the word, of a key that is swept to its axis. */
static void read_axis(struct job *job, const struct reading *r, yaml_document_t *document,
                      const char *name, size_t line, const yaml_node_t *node)
{
  const bool listed = node->type == YAML_SEQUENCE_NODE;
  const long count = listed ? node->data.sequence.items.top - node->data.sequence.items.start : 1;
  struct given *given = fail_alloc((size_t)count, sizeof *given);

  for (long i = 0; i < count; i++)
    given[i] = given_by(
        document,
        listed ? yaml_document_get_node(document, node->data.sequence.items.start[i]) : node);
  axis_take(job, r, name, line, listed, count, given);
  for (long i = 0; i < count; i++) free(given[i].word);
  free(given);
}

/* The section `sweep`: keys with dots, or in sections of their own. prefix is "" or "kp.". */
static void read_sweep(struct job *job, const struct reading *r, yaml_document_t *document,
                       const yaml_node_t *node, const char *prefix)
{
  const char *word = word_of(node);

  if (word && *word == '\0') return; /* all its keys are commented out */
  if (node->type != YAML_MAPPING_NODE) {
    job_complain(r, node->start_mark.line + 1, "sweep", "must be a section with keys of its own");
    return;
  }
  for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
       pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(document, pair->value);
    char *name = fail_text("%s%s", prefix, word_of(key) ? word_of(key) : "");

    if (value->type == YAML_MAPPING_NODE && keys_has_section(name)) {
      char *inner = fail_text("%s.", name);
      read_sweep(job, r, document, value, inner);
      free(inner);
    } else {
      read_axis(job, r, document, name, key->start_mark.line + 1, value);
    }
    free(name);
  }
}

/* One `name: value` of a section or of the top level. name has its section in front. */
static void read_pair(struct job *job, const struct reading *r, yaml_document_t *document,
                      const char *name, size_t line, const yaml_node_t *node)
{
  struct slot *slot = job_find(job, name);

  if (slot && slot->line > 0) {
    complain_twice(r, name, slot->line, line);
  } else if (slot) {
    struct given given = given_by(document, node);
    char *place = fail_text("%s:%zu", r->origin, line);

    slot->given = true;
    slot->line = line;
    job_fill(job, slot, &given, place, r->faults);
    free(given.word);
  } else if (keys_has_section(name)) {
    read_section(job, r, document, node, name);
  } else if (strcmp(name, "sweep") == 0) {
    read_sweep(job, r, document, node, "");
  } else {
    job_complain_unknown(r, line, name, node->type == YAML_MAPPING_NODE);
  }
}

/* The line of an earlier pair whose value is a section of the same name; 0: there is none. */
static size_t line_before(yaml_document_t *document, const yaml_node_t *mapping,
                          const yaml_node_pair_t *pair, const char *name)
{
  for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
    const yaml_node_t *earlier = yaml_document_get_node(document, p->key);
    const char *word = word_of(earlier);

    if (word && strcmp(word, name) == 0) return earlier->start_mark.line + 1;
  }
  return 0;
}

/* All pairs of a mapping; section is "" for the top level. */
static void read_section(struct job *job, const struct reading *r, yaml_document_t *document,
                         const yaml_node_t *node, const char *section)
{
  const char *word = word_of(node);

  if (word && *word == '\0') return; /* all its keys are commented out */
  if (node->type != YAML_MAPPING_NODE) {
    job_complain(r, node->start_mark.line + 1, section,
                 *section ? "must be a section with keys of its own"
                          : "a job must be a list of \"key: value\" and sections");
    return;
  }
  for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
       pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    size_t line = key->start_mark.line + 1;
    const char *own = word_of(key);

    if (!own) {
      job_complain(r, line, section, "a key must be a plain word");
      continue;
    }
    char *name = fail_text("%s%s%s", section, *section ? "." : "", own);
    const bool is_section = keys_has_section(name) || strcmp(name, "sweep") == 0;
    size_t first = is_section ? line_before(document, node, pair, own) : 0;
    if (first > 0)
      complain_twice(r, name, first, line);
    else
      read_pair(job, r, document, name, line, yaml_document_get_node(document, pair->value));
    free(name);
  }
}

bool yaml_read_job(struct job *job, const struct reading *r)
{
  yaml_document_t document;
  int before = r->faults->count;

  if (!load(r, &document)) {
    if (r->faults->count > before) return false;
    faults_add(r->faults, "the job is empty (%s)", r->origin);
    return false;
  }
  yaml_node_t *root = yaml_document_get_root_node(&document);
  const char *word = root ? word_of(root) : "";
  const bool empty = word && *word == '\0';
  if (empty)
    faults_add(r->faults, "the job is empty (%s)", r->origin);
  else
    read_section(job, r, &document, root, "");
  yaml_document_delete(&document);
  return !empty;
}

/* Lists are read as YAML. A single word is taken as it stands: the shell has already had its way
 * with quotes, and a path may hold '#' or ': '. */
void yaml_fill(struct job *job, struct slot *slot, const struct reading *r, char *place)
{
  const char *text = r->text;
  struct given given = {.count = 1, .word = &text};
  yaml_document_t document;

  if (slot->key->type == KEY_INTEGERS && *text == '\0') given = (struct given){.list = true};
  if (slot->key->type != KEY_INTEGERS || *text == '\0') {
    job_fill(job, slot, &given, place, r->faults);
    return;
  }
  slot->settled = true;
  slot->usable = false;
  if (!load(r, &document)) {
    free(place);
    return;
  }
  given = given_by(&document, yaml_document_get_root_node(&document));
  job_fill(job, slot, &given, place, r->faults);
  free(given.word);
  yaml_document_delete(&document);
}

void yaml_read_axis(struct job *job, const struct reading *r, const char *name)
{
  yaml_document_t document;
  const int before = r->faults->count;

  if (load(r, &document)) {
    read_axis(job, r, &document, name, 0, yaml_document_get_root_node(&document));
    yaml_document_delete(&document);
  } else if (r->faults->count == before) {
    axis_take(job, r, name, 0, true, 0, NULL);
  }
}

bool yaml_read_flat(const struct reading *r, yaml_taker take, void *own)
{
  yaml_document_t document;
  const int before = r->faults->count;

  if (!load(r, &document)) {
    if (r->faults->count == before) faults_add(r->faults, "%s: is empty", r->origin);
    return false;
  }
  const yaml_node_t *root = yaml_document_get_root_node(&document);
  const bool flat = root && root->type == YAML_MAPPING_NODE;
  const yaml_node_pair_t *end = flat ? root->data.mapping.pairs.top : NULL;
  if (!flat) faults_add(r->faults, "%s: must be a list of \"name: value\"", r->origin);
  for (const yaml_node_pair_t *p = flat ? root->data.mapping.pairs.start : NULL; p < end; p++) {
    const yaml_node_t *key = yaml_document_get_node(&document, p->key);
    const char *name = word_of(key);
    struct given given = given_by(&document, yaml_document_get_node(&document, p->value));

    take(own, r, name ? name : "", key->start_mark.line + 1, &given);
    free(given.word);
  }
  yaml_document_delete(&document);
  return flat;
}

static void emit(yaml_emitter_t *out, yaml_event_t *event, int made)
{
  CHECK(made && yaml_emitter_emit(out, event), "cannot write YAML: %s",
        out->problem ? out->problem : "a text is not UTF-8");
}

/* Texts are quoted, so that no other reader of YAML takes the name "1e5" for a number. */
static void emit_word(yaml_emitter_t *out, const char *word, bool quoted)
{
  yaml_event_t event;
  yaml_scalar_style_t style = quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;

  emit(out, &event,
       yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)word,
                                    (int)strlen(word), 1, 1, style));
}

static void emit_begin(yaml_emitter_t *out)
{
  yaml_event_t event;

  emit(out, &event,
       yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE));
}

static void emit_end(yaml_emitter_t *out)
{
  yaml_event_t event;

  emit(out, &event, yaml_sequence_end_event_initialize(&event));
}

static void emit_value(yaml_emitter_t *out, const struct key *key, const struct value *value)
{
  bool list = key->type == KEY_INTEGERS;
  long count = list ? value->count : 1;

  if (list) emit_begin(out);
  for (long i = 0; i < count; i++) {
    char *word = value_word(value, key, i);

    emit_word(out, word, key->type == KEY_TEXT || key->type == KEY_PATH);
    free(word);
  }
  if (list) emit_end(out);
}

/* The values of a key swept, those from i to the one returned (exclusive) as a range if they are
 * whole numbers in a row. */
static long emit_values(yaml_emitter_t *out, const struct axis *axis, long i)
{
  long end = i + 1;

  while (axis->key->type == KEY_INTEGER && end < axis->count &&
         axis->value[end].integer == axis->value[end - 1].integer + 1)
    end++;
  if (end - i < 3) {
    emit_value(out, axis->key, &axis->value[i]);
    return i + 1;
  }
  char *range = fail_text("%ld..%ld", axis->value[i].integer, axis->value[end - 1].integer);
  emit_word(out, range, false);
  free(range);
  return end;
}

static void emit_sweep(yaml_emitter_t *out, const struct job *job)
{
  yaml_event_t event;

  emit_word(out, "sweep", false);
  emit(out, &event,
       yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
  for (int k = 0; k < job->axes; k++) {
    emit_word(out, job->axis[k].key->name, false);
    emit_begin(out);
    for (long i = 0; i < job->axis[k].count;) i = emit_values(out, &job->axis[k], i);
    emit_end(out);
  }
  emit(out, &event, yaml_mapping_end_event_initialize(&event));
}

/* Has a slot before slot i a name with this prefix? Then its section is already written. */
static bool is_written(const struct job *job, long i, const char *prefix)
{
  for (long k = 0; k < i; k++)
    if (strncmp(job->slot[k].key->name, prefix, strlen(prefix)) == 0) return true;
  return false;
}

/* A default that follows another key is not the same for all members of a sweep. */
static bool is_left_open(const struct job *job, const struct slot *slot)
{
  struct conditional c;
  const char *standard = slot->key->standard;

  return job->axes > 0 && !slot->given && standard &&
         (standard[0] == '=' || keys_conditional(standard, &c));
}

/* The mapping of all keys whose names begin with prefix: "" or "kp.". */
static void emit_section(yaml_emitter_t *out, const struct job *job, const char *prefix)
{
  size_t length = strlen(prefix);
  yaml_event_t event;

  emit(out, &event,
       yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
  for (long i = 0; i < job->count; i++) {
    const char *name = job->slot[i].key->name, *own = name + length;

    if (strncmp(name, prefix, length) != 0 || is_left_open(job, &job->slot[i])) continue;
    size_t part = strcspn(own, ".");
    char *word = fail_text("%.*s", (int)part, own);
    char *inner = fail_text("%s%s.", prefix, word);
    bool leaf = own[part] == '\0';
    if (leaf || !is_written(job, i, inner)) {
      emit_word(out, word, false);
      if (leaf)
        emit_value(out, job->slot[i].key, &job->slot[i].value);
      else
        emit_section(out, job, inner);
    }
    free(inner);
    free(word);
  }
  if (*prefix == '\0' && job->axes > 0) emit_sweep(out, job);
  emit(out, &event, yaml_mapping_end_event_initialize(&event));
}

char *job_used(const struct job *job)
{
  char *text = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&text, &length);
  yaml_emitter_t out;
  yaml_event_t event;

  CHECK(memory && yaml_emitter_initialize(&out), "out of memory: cannot write YAML");
  yaml_emitter_set_output_file(&out, memory);
  yaml_emitter_set_unicode(&out, 1);
  yaml_emitter_set_width(&out, -1);
  emit(&out, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
  emit(&out, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
  emit_section(&out, job, "");
  emit(&out, &event, yaml_document_end_event_initialize(&event, 1));
  emit(&out, &event, yaml_stream_end_event_initialize(&event));
  yaml_emitter_delete(&out);
  CHECK(fclose(memory) == 0, "out of memory: cannot write YAML");
  return text;
}
