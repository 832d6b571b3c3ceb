// TransportBio connects the TLS library with a transport: a BIO that reads from a buffer of the
// caller and passes the output to its owner. It stores nothing and allocates nothing but the BIO
// itself. One thread.

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
    // Called from inside the library. It must accept all bytes, which are invalid after it returns:
    // the library never has to wait for room.
    virtual void OnCiphertext(std::string_view bytes) = 0;

   protected:
    ~Output() = default;
  };

  // `output` must outlive this object.
  explicit TransportBio(Output* output) : output_(output) {}
  TransportBio(const TransportBio&) = delete;
  TransportBio& operator=(const TransportBio&) = delete;

  // Creates the BIO for SSL_set_bio(), which becomes its owner; this object must outlive it.
  // Returns null if the library has no memory.
  bio_st* NewBio();

  // The bytes that have arrived and that the library has not read yet; it reads from the front. The
  // owner decides where they are stored, and for how long. If it is empty, the library gets a
  // retry.
  std::string_view input;
  // Nothing follows after `input`.
  bool input_ended = false;

 private:
  struct Callbacks;  // callbacks for the library

  Output* output_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_TRANSPORT_BIO_H_
