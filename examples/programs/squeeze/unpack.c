// The decompressing half of the codec. Its input may be anything: every length,
// distance and code is checked before it is used.

#include "codec.h"

struct reader {
    const uint8_t *in;
    size_t len, at;
    uint64_t bits;
    int count;
    int past_end; // more was asked for than there is
};

struct code {
    uint16_t per_length[CODE_MAX + 1]; // codes of each length
    uint16_t symbols[SYMBOLS];         // by length, then by symbol
};

static uint32_t get(struct reader *from, int count) {
    while (from->count < count) {
        if (from->at == from->len) {
            from->past_end = 1;
            return 0;
        }
        from->bits |= (uint64_t)from->in[from->at++] << from->count;
        from->count += 8;
    }
    uint32_t value = (uint32_t)(from->bits & ((1ull << count) - 1));
    from->bits >>= count;
    from->count -= count;
    return value;
}

static int get_lengths(struct reader *from, uint8_t *lengths) {
    for (int i = 0; i < SYMBOLS;) {
        lengths[i] = (uint8_t)get(from, 4);
        if (lengths[i++] != 0)
            continue;
        uint32_t more = get(from, 4);
        if (more > (uint32_t)(SYMBOLS - i))
            return 0;
        while (more-- > 0)
            lengths[i++] = 0;
    }
    return !from->past_end;
}

// Orders the symbols of a canonical code; 0 when more codes are claimed than
// their lengths leave room for.
static int build_code(const uint8_t *lengths, int symbols, struct code *code) {
    uint16_t offsets[CODE_MAX + 1];
    int left = 1;
    for (int length = 0; length <= CODE_MAX; length++)
        code->per_length[length] = 0;
    for (int i = 0; i < symbols; i++)
        code->per_length[lengths[i]]++;
    offsets[0] = offsets[1] = 0;
    for (int length = 1; length <= CODE_MAX; length++) {
        left = left * 2 - code->per_length[length];
        if (left < 0)
            return 0;
        if (length < CODE_MAX)
            offsets[length + 1] = offsets[length] + code->per_length[length];
    }
    for (int i = 0; i < symbols; i++)
        if (lengths[i] != 0)
            code->symbols[offsets[lengths[i]]++] = (uint16_t)i;
    return 1;
}

// The next symbol, or -1 when the bits are no code.
static int get_symbol(struct reader *from, const struct code *code) {
    int32_t value = 0, first = 0, index = 0;
    for (int length = 1; length <= CODE_MAX; length++) {
        int32_t codes = code->per_length[length];
        value |= (int32_t)get(from, 1);
        if (value - first < codes)
            return code->symbols[index + value - first];
        index += codes;
        first = (first + codes) * 2;
        value *= 2;
    }
    return -1;
}

static uint32_t get_bucketed(struct reader *from, int bucket) {
    return get(from, bucket) + (1u << bucket) - 1;
}

// Copies a match byte by byte: it may overlap what it writes.
static const char *copy_match(struct reader *from, const struct code *distances, int bucket,
                              uint8_t *raw, size_t len, size_t *at) {
    size_t length = get_bucketed(from, bucket) + MATCH_MIN;
    int symbol = get_symbol(from, distances);
    if (symbol < 0)
        return "a distance that is no code";
    size_t distance = (size_t)get_bucketed(from, symbol) + 1;
    if (distance > *at)
        return "a match from before the start";
    if (length > len - *at)
        return "a match past the end";
    for (size_t i = 0; i < length; i++, ++*at)
        raw[*at] = raw[*at - distance];
    return NULL;
}

const char *unpack(const uint8_t *in, size_t packed, uint8_t *raw, size_t len) {
    uint8_t lengths[SYMBOLS];
    struct code literals, distances;
    struct reader from = {in, packed, 0, 0, 0, 0};
    if (!get_lengths(&from, lengths) || !build_code(lengths, FIRST_DISTANCE, &literals) ||
        !build_code(lengths + FIRST_DISTANCE, DISTANCE_BUCKETS, &distances))
        return "impossible code lengths";
    for (size_t at = 0;;) {
        int symbol = get_symbol(&from, &literals);
        if (from.past_end)
            return "its bits end too early";
        if (symbol < 0)
            return "a symbol that is no code";
        if (symbol == END)
            return at == len ? NULL : "shorter than it says";
        if (symbol > END) {
            const char *why = copy_match(&from, &distances, symbol - FIRST_LENGTH, raw, len, &at);
            if (why != NULL)
                return why;
            continue;
        }
        if (at == len)
            return "longer than it says";
        raw[at++] = (uint8_t)symbol;
    }
}
