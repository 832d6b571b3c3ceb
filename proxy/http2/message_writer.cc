#include "proxy/http2/message_writer.h"

#include <algorithm>
#include <utility>

namespace mantlet::http2 {

nghttp2_data_provider MessageWriter::provider() {
  nghttp2_data_provider provider;
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session*, int32_t stream_id, uint8_t*, size_t length,
                              uint32_t* flags, nghttp2_data_source* source, void*) {
    return static_cast<MessageWriter*>(source->ptr)->OnRead(stream_id, length, flags);
  };
  return provider;
}

void MessageWriter::Write(int32_t stream_id, std::string_view piece) {
  queue_.Append(piece);
  Resume(stream_id);
}

void MessageWriter::End(int32_t stream_id, const http::HeaderList& trailers) {
  ended_ = true;
  trailers_.Append(trailers);
  Resume(stream_id);
}

void MessageWriter::Resume(int32_t stream_id) {
  if (std::exchange(deferred_, false)) nghttp2_session_resume_data(transport_.session(), stream_id);
}

bool MessageWriter::held_back(int32_t stream_id) const {
  nghttp2_session* session = transport_.session();
  return !queue_.empty() &&
         (nghttp2_session_get_remote_window_size(session) <= 0 ||
          nghttp2_session_get_stream_remote_window_size(session, stream_id) <= 0);
}

size_t MessageWriter::untaken(int32_t stream_id) const {
  constexpr size_t kMost = (size_t{1} << kConnectionBits) - 1;
  const size_t taken = held_back(stream_id) ? 0 : static_cast<size_t>(transport_.taken());
  return queue_.size() << kConnectionBits | (kMost - std::min(taken, kMost));
}

ssize_t MessageWriter::OnRead(int32_t stream_id, size_t length, uint32_t* flags) {
  if (queue_.empty() && !ended_) {
    deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  // The peer takes no more for now. Nothing of this frame has been made.
  if (transport_.full()) return NGHTTP2_ERR_PAUSE;
  const size_t size = std::min(length, queue_.size());
  if (size > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!ended_ || size < queue_.size()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!trailers_.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    FieldBlock& block = memory_.fields();
    block.Clear();
    block.Run(trailers_.Lines(0, trailers_.size()));
    const auto fields = block.fields();
    nghttp2_submit_trailer(transport_.session(), stream_id, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(size);
}

void MessageWriter::SendData(std::string_view header, size_t length) {
  transport_.Write(header);
  transport_.Write(queue_.Front(length));
  queue_.Consume(length);
}

}  // namespace mantlet::http2
