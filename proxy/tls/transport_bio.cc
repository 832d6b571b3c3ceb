#include "proxy/tls/transport_bio.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>

namespace mantlet::tls {

struct TransportBio::Callbacks {
  static int Read(BIO* bio, char* out, int size) {
    auto* self = static_cast<TransportBio*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self->input.empty()) {
      if (self->input_ended) return 0;
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t n = std::min(self->input.size(), static_cast<size_t>(size));
    std::memcpy(out, self->input.data(), n);
    self->input.remove_prefix(n);
    return static_cast<int>(n);
  }

  static int Write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    static_cast<TransportBio*>(BIO_get_data(bio))
        ->output_->OnCiphertext({data, static_cast<size_t>(size)});
    return size;
  }

  // The library flushes after each flight; if that failed, it would wait.
  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int Create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mantlet transport");
      BIO_meth_set_read(m, Read);
      BIO_meth_set_write(m, Write);
      BIO_meth_set_ctrl(m, Control);
      BIO_meth_set_create(m, Create);
      return m;
    }();
    return method;
  }
};

bio_st* TransportBio::NewBio() {
  BIO* bio = BIO_new(Callbacks::Method());
  if (bio != nullptr) BIO_set_data(bio, this);
  return bio;
}

}  // namespace mantlet::tls
