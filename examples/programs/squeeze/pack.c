// The compressing half of the codec.

#include "codec.h"

#include <string.h>

#define HASH_BITS 15
#define NOWHERE UINT32_MAX
#define CHAIN_MAX 24 // earlier positions tried for a match

struct token {
    uint16_t length; // 0: a literal
    uint32_t value;  // the literal, or the distance
};

struct writer {
    uint8_t *out;
    size_t len, room;
    uint64_t bits;
    int count, full;
};

static struct token tokens[BLOCK];
static uint32_t heads[1 << HASH_BITS], previous[BLOCK];

static void put(struct writer *to, uint32_t bits, int count) {
    to->bits |= (uint64_t)bits << to->count;
    to->count += count;
    while (to->count >= 8) {
        if (to->len == to->room)
            to->full = 1;
        else
            to->out[to->len++] = (uint8_t)to->bits;
        to->bits >>= 8;
        to->count -= 8;
    }
}

static int bucket_of(uint32_t value) { return 31 - __builtin_clz(value + 1); }

static uint32_t hash_at(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word * 2654435761u >> (32 - HASH_BITS);
}

static uint32_t match_length(const uint8_t *a, const uint8_t *b, uint32_t limit) {
    uint32_t len = 0;
    while (len < limit && a[len] == b[len])
        len++;
    return len;
}

// The longest match for position `at` among those with the same hash.
static struct token find_match(const uint8_t *raw, size_t len, uint32_t at) {
    struct token best = {0, raw[at]};
    uint32_t limit = len - at < MATCH_MAX ? (uint32_t)(len - at) : MATCH_MAX;
    uint32_t longest = MATCH_MIN - 1;
    uint32_t candidate = heads[hash_at(raw + at)];
    for (int tries = 0; candidate != NOWHERE && tries < CHAIN_MAX && longest < limit; tries++) {
        if (raw[candidate + longest] == raw[at + longest]) {
            uint32_t found = match_length(raw + candidate, raw + at, limit);
            if (found > longest) {
                longest = found;
                best = (struct token){(uint16_t)found, at - candidate};
            }
        }
        candidate = previous[candidate];
    }
    return best;
}

static void remember(const uint8_t *raw, size_t len, uint32_t at) {
    if (at + MATCH_MIN > len)
        return;
    uint32_t *head = &heads[hash_at(raw + at)];
    previous[at] = *head;
    *head = at;
}

static size_t tokenize(const uint8_t *raw, size_t len) {
    memset(heads, 0xff, sizeof heads);
    size_t count = 0;
    for (uint32_t at = 0; at < len;) {
        struct token token = {0, raw[at]};
        if (at + MATCH_MIN <= len)
            token = find_match(raw, len, at);
        tokens[count++] = token;
        uint32_t step = token.length == 0 ? 1 : token.length;
        for (uint32_t i = 0; i < step; i++)
            remember(raw, len, at + i);
        at += step;
    }
    return count;
}

// Sifts `heap[at]` down in a heap of `count` nodes ordered by weight.
static void sift(uint16_t *heap, int count, int at, const uint32_t *weight) {
    uint16_t node = heap[at];
    for (;;) {
        int child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && weight[heap[child + 1]] < weight[heap[child]])
            child++;
        if (weight[node] <= weight[heap[child]])
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = node;
}

// Builds the Huffman tree and returns the longest code's length.
static int tree_lengths(uint32_t *weight, int symbols, uint8_t *lengths) {
    static uint16_t heap[SYMBOLS], parent[2 * SYMBOLS];
    static uint8_t depth[2 * SYMBOLS];
    int count = 0, next = symbols, longest = 0;
    for (int i = 0; i < symbols; i++)
        if (weight[i] > 0)
            heap[count++] = (uint16_t)i;
    for (int i = count / 2; i-- > 0;)
        sift(heap, count, i, weight);
    while (count > 1) {
        uint16_t least = heap[0];
        heap[0] = heap[--count];
        sift(heap, count, 0, weight);
        uint16_t second = heap[0];
        weight[next] = weight[least] + weight[second];
        parent[least] = parent[second] = (uint16_t)next;
        heap[0] = (uint16_t)next++;
        sift(heap, count, 0, weight);
    }
    depth[next - 1] = 0;
    for (int i = next - 1; i-- > 0;) {
        if (weight[i] == 0)
            continue;
        depth[i] = depth[parent[i]] + 1;
        if (depth[i] > longest)
            longest = depth[i];
    }
    for (int i = 0; i < symbols; i++)
        lengths[i] = weight[i] == 0 ? 0 : depth[i];
    return longest;
}

// Code lengths of at most CODE_MAX bits: where the tree is deeper, the counts
// are flattened until it is not.
static void code_lengths(const uint32_t *counts, int symbols, uint8_t *lengths) {
    static uint32_t weight[2 * SYMBOLS];
    int used = 0, only = 0;
    for (int i = 0; i < symbols; i++) {
        lengths[i] = 0;
        if (counts[i] > 0)
            used++, only = i;
    }
    if (used < 2) {
        lengths[only] = used > 0; // a code of one bit needs no tree
        return;
    }
    for (int shift = 0;; shift++) {
        for (int i = 0; i < symbols; i++)
            weight[i] = counts[i] == 0 ? 0 : (counts[i] >> shift) + 1;
        if (tree_lengths(weight, symbols, lengths) <= CODE_MAX)
            return;
    }
}

// Canonical codes: by length, then by symbol; their first bit is put first.
static void assign_codes(const uint8_t *lengths, int symbols, uint16_t *codes) {
    uint32_t code = 0;
    for (int length = 1; length <= CODE_MAX; length++) {
        for (int i = 0; i < symbols; i++) {
            if (lengths[i] != length)
                continue;
            uint32_t reversed = 0;
            for (int bit = 0; bit < length; bit++)
                reversed |= (code >> bit & 1) << (length - 1 - bit);
            codes[i] = (uint16_t)reversed;
            code++;
        }
        code <<= 1;
    }
}

static void count_symbols(size_t count, uint32_t *counts) {
    memset(counts, 0, SYMBOLS * sizeof *counts);
    counts[END] = 1;
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].length == 0) {
            counts[tokens[i].value]++;
            continue;
        }
        counts[FIRST_LENGTH + bucket_of(tokens[i].length - MATCH_MIN)]++;
        counts[FIRST_DISTANCE + bucket_of(tokens[i].value - 1)]++;
    }
}

static void put_lengths(struct writer *to, const uint8_t *lengths) {
    for (int i = 0; i < SYMBOLS;) {
        put(to, lengths[i], 4);
        if (lengths[i++] != 0)
            continue;
        int more = 0;
        while (more < 15 && i + more < SYMBOLS && lengths[i + more] == 0)
            more++;
        put(to, (uint32_t)more, 4);
        i += more;
    }
}

static void put_bucketed(struct writer *to, const uint8_t *lengths, const uint16_t *codes, int first,
                         uint32_t value) {
    int bucket = bucket_of(value);
    put(to, codes[first + bucket], lengths[first + bucket]);
    put(to, value + 1 - (1u << bucket), bucket);
}

size_t pack(const uint8_t *raw, size_t len, uint8_t *out, size_t room) {
    uint32_t counts[SYMBOLS];
    uint8_t lengths[SYMBOLS];
    uint16_t codes[SYMBOLS] = {0};
    size_t count = tokenize(raw, len);
    count_symbols(count, counts);
    code_lengths(counts, FIRST_DISTANCE, lengths);
    code_lengths(counts + FIRST_DISTANCE, DISTANCE_BUCKETS, lengths + FIRST_DISTANCE);
    assign_codes(lengths, FIRST_DISTANCE, codes);
    assign_codes(lengths + FIRST_DISTANCE, DISTANCE_BUCKETS, codes + FIRST_DISTANCE);

    struct writer to = {out, 0, room, 0, 0, 0};
    put_lengths(&to, lengths);
    for (size_t i = 0; i < count && !to.full; i++) {
        struct token token = tokens[i];
        if (token.length == 0) {
            put(&to, codes[token.value], lengths[token.value]);
            continue;
        }
        put_bucketed(&to, lengths, codes, FIRST_LENGTH, token.length - MATCH_MIN);
        put_bucketed(&to, lengths, codes, FIRST_DISTANCE, token.value - 1);
    }
    put(&to, codes[END], lengths[END]);
    put(&to, 0, 7);
    return to.full ? 0 : to.len;
}
