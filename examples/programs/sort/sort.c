// Sorts the lines of standard input by their bytes, as `LC_ALL=C sort` does.
//
//   sort [-r] [-s]      -r: descending    -s: statistics on standard error
//
// Everything is kept in one heap that grows with the input: a text buffer that
// doubles, an index of lines beside it, and the merge sort's second index. Ten
// million bytes of text make the memory grow some dozens of times.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
    const char *text;
    size_t len;
};

struct buffer {
    char *bytes;
    size_t len, capacity;
};

struct index {
    struct line *lines;
    size_t count, capacity;
};

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "sort: %s: %s\n", what, why);
    exit(1);
}

// Doubles an array of `size`-byte elements, and ends the program when the
// memory will not grow.
static void *doubled(void *array, size_t *capacity, size_t size, size_t least) {
    size_t wanted = *capacity == 0 ? least : *capacity * 2;
    void *grown = wanted > SIZE_MAX / size ? NULL : realloc(array, wanted * size);
    if (grown == NULL) {
        char why[64];
        snprintf(why, sizeof why, "asked for %zu bytes", wanted * size);
        fail("out of memory", why);
    }
    *capacity = wanted;
    return grown;
}

static struct buffer read_all(void) {
    struct buffer text = {0};
    for (;;) {
        if (text.capacity - text.len < 1 << 15)
            text.bytes = doubled(text.bytes, &text.capacity, 1, 1 << 16);
        ssize_t got = read(STDIN_FILENO, text.bytes + text.len, text.capacity - text.len);
        if (got == 0)
            return text;
        if (got < 0)
            fail("cannot read standard input", strerror(errno));
        text.len += (size_t)got;
    }
}

static struct index split_lines(struct buffer text) {
    struct index index = {0};
    size_t start = 0;
    while (start < text.len) {
        const char *from = text.bytes + start;
        const char *newline = memchr(from, '\n', text.len - start);
        size_t len = newline == NULL ? text.len - start : (size_t)(newline - from);
        if (index.count == index.capacity)
            index.lines = doubled(index.lines, &index.capacity, sizeof(struct line), 1024);
        index.lines[index.count++] = (struct line){from, len};
        start += len + 1;
    }
    return index;
}

// Compares two lines. A function pointer chooses the order, so that every
// comparison is an indirect call.
typedef int order(struct line a, struct line b);

static int ascending(struct line a, struct line b) {
    int difference = memcmp(a.text, b.text, a.len < b.len ? a.len : b.len);
    if (difference != 0)
        return difference;
    return (a.len > b.len) - (a.len < b.len);
}

static int descending(struct line a, struct line b) { return ascending(b, a); }

// Merges the sorted runs [from, middle) and [middle, to) of `in` into `out`.
static void merge(const struct line *in, struct line *out, size_t from, size_t middle, size_t to,
                  order *compare) {
    size_t left = from, right = middle;
    for (size_t k = from; k < to; k++) {
        // `<=` keeps equal lines in their order: the sort is stable.
        if (left < middle && (right == to || compare(in[left], in[right]) <= 0))
            out[k] = in[left++];
        else
            out[k] = in[right++];
    }
}

static void merge_sort(struct index *index, order *compare) {
    size_t count = index->count;
    struct line *in = index->lines;
    struct line *out = malloc((count + 1) * sizeof(struct line));
    if (out == NULL)
        fail("out of memory", "no room to merge in");
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t middle = count - from < run ? count : from + run;
            size_t to = count - middle < run ? count : middle + run;
            merge(in, out, from, middle, to, compare);
        }
        struct line *swap = in;
        in = out, out = swap;
    }
    index->lines = in;
    free(out);
}

static void write_all(const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes, len);
        if (put < 0)
            fail("cannot write", strerror(errno));
        bytes += put, len -= (size_t)put;
    }
}

// Writes the lines through one buffer, since a write for each line would cost
// more than the sort.
static void write_lines(const struct index *index) {
    static char out[1 << 16];
    size_t used = 0;
    for (size_t i = 0; i < index->count; i++) {
        struct line line = index->lines[i];
        if (line.len + 1 > sizeof out - used) {
            write_all(out, used);
            used = 0;
        }
        if (line.len + 1 > sizeof out) {
            write_all(line.text, line.len);
            write_all("\n", 1);
            continue;
        }
        memcpy(out + used, line.text, line.len);
        used += line.len;
        out[used++] = '\n';
    }
    write_all(out, used);
}

static size_t memory_bytes(void) {
#ifdef __wasm__
    return __builtin_wasm_memory_size(0) * 65536;
#else
    return 0;
#endif
}

int main(int argc, char **argv) {
    order *compare = ascending;
    int statistics = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-r") == 0)
            compare = descending;
        else if (strcmp(argv[i], "-s") == 0)
            statistics = 1;
        else
            fail("unknown option", argv[i]);
    }
    size_t before = memory_bytes();
    struct buffer text = read_all();
    struct index index = split_lines(text);
    merge_sort(&index, compare);
    write_lines(&index);
    if (statistics)
        fprintf(stderr, "sort: %zu lines, %zu bytes; memory grew from %zu to %zu bytes\n", index.count,
                text.len, before, memory_bytes());
    return 0;
}
