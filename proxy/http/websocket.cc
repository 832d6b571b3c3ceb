#include "proxy/http/websocket.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace mantlet::http {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kBlockBytes = 64;
using State = std::array<uint32_t, 5>;

uint32_t ReadWord(const char* bytes) {
  uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = word << 8 | static_cast<uint8_t>(bytes[i]);
  return word;
}

struct Round {
  uint32_t mix;
  uint32_t constant;
};

Round RoundOf(size_t i, uint32_t b, uint32_t c, uint32_t d) {
  if (i < 20) return {(b & c) | (~b & d), 0x5a827999};
  if (i < 40) return {b ^ c ^ d, 0x6ed9eba1};
  if (i < 60) return {(b & c) | (b & d) | (c & d), 0x8f1bbcdc};
  return {b ^ c ^ d, 0xca62c1d6};
}

void AddBlock(const char* block, State& state) {
  std::array<uint32_t, 80> words;
  for (size_t i = 0; i < 16; ++i) words[i] = ReadWord(block + 4 * i);
  for (size_t i = 16; i < words.size(); ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (size_t i = 0; i < words.size(); ++i) {
    const Round round = RoundOf(i, b, c, d);
    const uint32_t next = std::rotl(a, 5) + round.mix + e + round.constant + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const State added = {a, b, c, d, e};
  for (size_t i = 0; i < state.size(); ++i) state[i] += added[i];
}

// Returns the SHA-1 digest (FIPS 180-4). The libraries that have it do not belong below HTTP, and
// nothing here needs it to be strong.
std::string Sha1(std::string text) {
  const uint64_t bits = uint64_t{text.size()} * 8;
  text.push_back('\x80');
  while (text.size() % kBlockBytes != kBlockBytes - 8) text.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(bits >> shift));
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t i = 0; i < text.size(); i += kBlockBytes) AddBlock(text.data() + i, state);
  std::string digest;
  for (const uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) digest.push_back(static_cast<char>(word >> shift));
  }
  return digest;
}

}  // namespace

std::string WebSocketAccept(std::string_view key) {
  return absl::Base64Escape(Sha1(std::string(key).append(kGuid)));
}

std::string NewWebSocketKey() {
  std::random_device random;
  std::array<unsigned, 4> nonce;  // RFC 6455 section 4.1: 16 bytes
  for (unsigned& part : nonce) part = random();
  std::string key;
  absl::Base64Escape({reinterpret_cast<const char*>(nonce.data()), sizeof(nonce)}, &key);
  return key;
}

}  // namespace mantlet::http
