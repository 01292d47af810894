// Compresses and decompresses standard input.
//
//   squeeze c     compress to standard output
//   squeeze d     decompress to standard output
//   squeeze t     compress and decompress in memory, compare, print the sizes
//
// A file is the four bytes "SQZ1" and blocks, each of them
//
//   u32 raw       bytes of the block as they were, at most BLOCK; 0 ends the file
//   u32 packed    bytes that follow; equal to `raw` when they are stored as they are
//   packed bytes
//   u32 crc       CRC-32 of the raw bytes
//
// with all numbers little-endian. The end mark is `raw` = 0 and a CRC-32 of the
// whole. Packed bytes are the code lengths of two Huffman codes and then LZ77
// tokens in them; see `codec.h`.

#include "codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t MAGIC[4] = {'S', 'Q', 'Z', '1'};

static uint8_t raw[BLOCK], packed[BLOCK], again[BLOCK];

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "squeeze: %s: %s\n", what, why);
    exit(1);
}

static _Noreturn void corrupt(unsigned block, const char *why) {
    fprintf(stderr, "squeeze: corrupt input: block %u: %s\n", block, why);
    exit(1);
}

static uint32_t crc_table[256];

static void crc_prepare(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        crc_table[byte] = crc;
    }
}

// Continues the CRC-32 of ISO 3309; the first `crc` is 0.
static uint32_t crc_update(uint32_t crc, const uint8_t *bytes, size_t len) {
    crc = ~crc;
    for (size_t i = 0; i < len; i++)
        crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 255];
    return ~crc;
}

// Reads until `len` bytes or the end of the input are there.
static size_t read_block(uint8_t *bytes, size_t len) {
    size_t have = 0;
    while (have < len) {
        ssize_t got = read(STDIN_FILENO, bytes + have, len - have);
        if (got < 0)
            fail("cannot read standard input", strerror(errno));
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return have;
}

static void write_all(const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes, len);
        if (put < 0)
            fail("cannot write", strerror(errno));
        bytes += put, len -= (size_t)put;
    }
}

static void write_u32(uint32_t value) {
    uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    write_all(bytes, sizeof bytes);
}

static uint32_t read_u32(unsigned block) {
    uint8_t bytes[4];
    if (read_block(bytes, sizeof bytes) != sizeof bytes)
        corrupt(block, "the input ends inside it");
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static int compress_input(void) {
    uint32_t whole = 0;
    write_all(MAGIC, sizeof MAGIC);
    for (;;) {
        size_t len = read_block(raw, BLOCK);
        if (len == 0)
            break;
        size_t small = pack(raw, len, packed, len - 1);
        whole = crc_update(whole, raw, len);
        write_u32((uint32_t)len);
        write_u32((uint32_t)(small == 0 ? len : small));
        if (small == 0)
            write_all(raw, len);
        else
            write_all(packed, small);
        write_u32(crc_update(0, raw, len));
    }
    write_u32(0);
    write_u32(whole);
    return 0;
}

// Reads one block's bytes into `raw`.
static void decompress_block(unsigned block, uint32_t len) {
    if (len > BLOCK)
        corrupt(block, "longer than a block can be");
    uint32_t small = read_u32(block);
    if (small > len)
        corrupt(block, "packed longer than raw");
    uint8_t *into = small == len ? raw : packed;
    if (read_block(into, small) != small)
        corrupt(block, "the input ends inside it");
    if (small != len) {
        const char *why = unpack(packed, small, raw, len);
        if (why != NULL)
            corrupt(block, why);
    }
    if (read_u32(block) != crc_update(0, raw, len))
        corrupt(block, "checksum differs");
}

static int decompress_input(void) {
    uint8_t magic[4];
    if (read_block(magic, sizeof magic) != sizeof magic || memcmp(magic, MAGIC, sizeof magic) != 0)
        fail("corrupt input", "not a squeezed file");
    uint32_t whole = 0;
    for (unsigned block = 0;; block++) {
        uint32_t len = read_u32(block);
        if (len == 0) {
            if (read_u32(block) != whole)
                corrupt(block, "checksum of the whole differs");
            break;
        }
        decompress_block(block, len);
        whole = crc_update(whole, raw, len);
        write_all(raw, len);
    }
    if (read_block(magic, 1) != 0)
        fail("corrupt input", "bytes after the end mark");
    return 0;
}

static int test_input(void) {
    uint64_t raw_bytes = 0, packed_bytes = 0;
    uint32_t whole = 0;
    for (unsigned block = 0;; block++) {
        size_t len = read_block(raw, BLOCK);
        if (len == 0)
            break;
        size_t small = pack(raw, len, packed, len - 1);
        raw_bytes += len;
        packed_bytes += small == 0 ? len : small;
        whole = crc_update(whole, raw, len);
        if (small == 0)
            continue;
        memset(again, 0, len);
        const char *why = unpack(packed, small, again, len);
        if (why != NULL)
            corrupt(block, why);
        if (memcmp(raw, again, len) != 0)
            corrupt(block, "the round trip changed it");
    }
    printf("raw %llu bytes, packed %llu bytes, crc %08x: ok\n", (unsigned long long)raw_bytes,
           (unsigned long long)packed_bytes, whole);
    return 0;
}

int main(int argc, char **argv) {
    crc_prepare();
    if (argc == 2 && strcmp(argv[1], "c") == 0)
        return compress_input();
    if (argc == 2 && strcmp(argv[1], "d") == 0)
        return decompress_input();
    if (argc == 2 && strcmp(argv[1], "t") == 0)
        return test_input();
    fprintf(stderr, "usage: squeeze c|d|t < input > output\n");
    return 2;
}
