// LZ77 and Huffman coding of one block.
//
// Tokens are literals and matches (length, distance). A literal is its byte; a
// match is a symbol for the bucket of its length, extra bits, a symbol for the
// bucket of its distance, extra bits. Bucket `k` holds the values from 2^k - 1
// to 2^(k+1) - 2, told apart by `k` extra bits.
//
// Packed bytes, least significant bit first: the code lengths of the symbols
// (4 bits each; a 0 is followed by 4 bits that say how many more follow), and
// the tokens up to the symbol END.

#ifndef SQUEEZE_CODEC_H
#define SQUEEZE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK ((size_t)1 << 18)
#define MATCH_MIN 4

enum {
    END = 256,
    FIRST_LENGTH = 257,
    LENGTH_BUCKETS = 11,
    DISTANCE_BUCKETS = 18,
    FIRST_DISTANCE = FIRST_LENGTH + LENGTH_BUCKETS,
    SYMBOLS = FIRST_DISTANCE + DISTANCE_BUCKETS,
    CODE_MAX = 15, // bits of the longest code
};

#define MATCH_MAX (MATCH_MIN + (1 << LENGTH_BUCKETS) - 2)

// Packs `len` bytes into at most `room` bytes; 0 when they do not fit.
size_t pack(const uint8_t *raw, size_t len, uint8_t *out, size_t room);

// Unpacks into exactly `len` bytes; NULL, or what is wrong with the input.
const char *unpack(const uint8_t *in, size_t packed, uint8_t *raw, size_t len);

#endif
