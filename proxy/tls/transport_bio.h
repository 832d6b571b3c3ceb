// TransportBio connects the TLS library with a transport: a BIO that reads from bytes in a
// buffer of the caller and hands what is written to its owner. It copies what the library
// takes, keeps nothing and allocates nothing but the BIO itself. One thread.

#ifndef MANTLET_PROXY_TLS_TRANSPORT_BIO_H_
#define MANTLET_PROXY_TLS_TRANSPORT_BIO_H_

#include <string_view>

// BIO. NOLINTNEXTLINE(readability-identifier-naming): the library's.
struct bio_st;

namespace mantlet::tls {

class TransportBio {
 public:
  class Output {
   public:
    // Comes from inside the library's calls and takes all of the bytes, which are gone
    // when it returns: the library never has to wait for room.
    virtual void OnCiphertext(std::string_view bytes) = 0;

   protected:
    ~Output() = default;
  };

  // `output` outlives it.
  explicit TransportBio(Output* output) : output_(output) {}
  TransportBio(const TransportBio&) = delete;
  TransportBio& operator=(const TransportBio&) = delete;

  // For SSL_set_bio(), which becomes its owner; this object outlives it. Null where the
  // library has no memory.
  bio_st* NewBio();

  // What has arrived and the library has not read yet; it reads from the front. The owner
  // decides whose buffer that is, and for how long. When it is empty, the library gets a
  // retry.
  std::string_view input;
  // Nothing follows `input`: its end is the end.
  bool input_ended = false;

 private:
  struct Callbacks;  // thunks for the library

  Output* output_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_TRANSPORT_BIO_H_
