// Cells, symbols and errors.

#include "lisp.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOL_TABLE 4096 // a power of two

value NIL, TRUE, FALSE;
struct cell *cells;
uint32_t cell_count;
static uint32_t cell_capacity;
static value symbols[SYMBOL_TABLE];

_Noreturn void fail(const char *what, value about) {
    fflush(stdout);
    fprintf(stderr, "lisp: %s", what);
    if (about != 0) {
        fprintf(stderr, ": ");
        print_value(stderr, about);
    }
    fprintf(stderr, "\n");
    exit(1);
}

value index_value(uint32_t index, unsigned tag) { return (value)index << 2 | tag; }

static uint32_t take_cell(void) {
    if (cell_count == cell_capacity) {
        uint32_t wanted = cell_capacity == 0 ? 4096 : cell_capacity + cell_capacity / 2;
        struct cell *grown = realloc(cells, (size_t)wanted * sizeof *cells);
        if (grown == NULL)
            fail("out of memory", 0);
        cells = grown;
        cell_capacity = wanted;
    }
    return cell_count++;
}

value cons(value first, value rest) {
    uint32_t index = take_cell();
    cells[index].pair.first = first;
    cells[index].pair.rest = rest;
    return index_value(index, 2);
}

value make_number(double number) {
    uint32_t index = take_cell();
    cells[index].number = number;
    return index_value(index, 0);
}

value make_text(enum kind kind, const char *text, size_t len) {
    char *copy = malloc(len + 1);
    if (copy == NULL)
        fail("out of memory", 0);
    memcpy(copy, text, len);
    copy[len] = '\0';
    uint32_t index = take_cell();
    cells[index].text.kind = kind;
    cells[index].text.len = (uint32_t)len;
    cells[index].text.form = 0;
    cells[index].text.text = copy;
    return index_value(index, 3);
}

value make_builtin(value name, builtin *run) {
    uint32_t index = take_cell();
    cells[index].builtin.kind = BUILTIN;
    cells[index].builtin.name = index_of(name);
    cells[index].builtin.run = run;
    return index_value(index, 3);
}

value make_lambda(value environment, value code) {
    uint32_t index = take_cell();
    cells[index].lambda.kind = LAMBDA;
    cells[index].lambda.environment = is_pair(environment) ? index_of(environment) : 0;
    cells[index].lambda.code = code;
    return index_value(index, 3);
}

static int same_text(value symbol, const char *text, size_t len) {
    const struct cell *cell = cell_of(symbol);
    return cell->text.len == len && memcmp(cell->text.text, text, len) == 0;
}

// One symbol for each name, so that symbols compare as words.
value intern(const char *text, size_t len) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    for (uint32_t i = 0; i < SYMBOL_TABLE; i++) {
        value *slot = &symbols[(hash + i) % SYMBOL_TABLE];
        if (*slot == 0)
            return *slot = make_text(SYMBOL, text, len);
        if (same_text(*slot, text, len))
            return *slot;
    }
    fail("too many symbols", 0);
}

value symbol(const char *name) { return intern(name, strlen(name)); }

value first(value pair) {
    if (!is_pair(pair))
        fail("not a pair", pair);
    return cell_of(pair)->pair.first;
}

value rest(value pair) {
    if (!is_pair(pair))
        fail("not a pair", pair);
    return cell_of(pair)->pair.rest;
}

// The first cell stays unused: no value is 0, and environment 0 is none.
void heap_start(void) {
    take_cell();
    NIL = make_text(CONSTANT, "()", 2);
    TRUE = make_text(CONSTANT, "#t", 2);
    FALSE = make_text(CONSTANT, "#f", 2);
}
