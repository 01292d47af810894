// SHA-256 of standard input (FIPS 180-4), printed the way `sha256sum` does.
//
// The input is streamed through a fixed buffer, so the memory never grows
// whatever the input's length.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 64

struct sha256 {
    uint32_t state[8];
    uint64_t length; // bytes hashed so far
    uint8_t pending[BLOCK];
    size_t used; // bytes waiting in `pending`
};

// FIPS 180-4, section 4.2.2.
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void sha256_start(struct sha256 *hash) {
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(hash->state, initial, sizeof initial);
    hash->length = 0;
    hash->used = 0;
}

static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t read_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_be32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void expand(uint32_t w[64], const uint8_t *block) {
    for (int i = 0; i < 16; i++)
        w[i] = read_be32(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64];
    expand(w, block);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i];
        uint32_t s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void sha256_update(struct sha256 *hash, const uint8_t *bytes, size_t len) {
    hash->length += len;
    while (len > 0) {
        if (hash->used == 0 && len >= BLOCK) {
            compress(hash->state, bytes);
            bytes += BLOCK, len -= BLOCK;
            continue;
        }
        size_t room = BLOCK - hash->used;
        size_t take = len < room ? len : room;
        memcpy(hash->pending + hash->used, bytes, take);
        hash->used += take, bytes += take, len -= take;
        if (hash->used == BLOCK) {
            compress(hash->state, hash->pending);
            hash->used = 0;
        }
    }
}

static void sha256_finish(struct sha256 *hash, uint8_t digest[32]) {
    static const uint8_t padding[BLOCK] = {0x80};
    uint64_t bits = hash->length * 8;
    size_t zeroes = hash->used < 56 ? 56 - hash->used : 120 - hash->used;
    sha256_update(hash, padding, zeroes);
    uint8_t tail[8];
    write_be32(tail, (uint32_t)(bits >> 32));
    write_be32(tail + 4, (uint32_t)bits);
    sha256_update(hash, tail, sizeof tail);
    for (int i = 0; i < 8; i++)
        write_be32(digest + 4 * i, hash->state[i]);
}

int main(void) {
    static uint8_t buffer[1 << 16];
    struct sha256 hash;
    sha256_start(&hash);
    for (;;) {
        ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got == 0)
            break;
        if (got < 0) {
            fprintf(stderr, "sha256: cannot read standard input: %s\n", strerror(errno));
            return 1;
        }
        sha256_update(&hash, buffer, (size_t)got);
    }
    uint8_t digest[32];
    sha256_finish(&hash, digest);
    for (int i = 0; i < 32; i++)
        printf("%02x", digest[i]);
    printf("  -\n");
    return 0;
}
