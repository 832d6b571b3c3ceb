#include "proxy/http/authority.h"
#include "proxy/http/field_output.h"
#include "proxy/http/forwarding.h"
#include "proxy/identity/xfcc.h"

namespace mantlet::http {
namespace {

using identity::RenderedIdentity;

// Appends the values of every field with this id to a list that `out` ends in.
// Returns whether there were any.
bool AppendListItems(const HeaderList& headers, HeaderId id, std::string& out) {
  bool any = false;
  if (!headers.Has(id)) return any;
  for (const HeaderView field : headers) {
    if (field.id != id || field.value.empty()) continue;
    if (any) out.append(", ");
    out.append(field.value);
    any = true;
  }
  return any;
}

void AppendForwardedFor(const HeaderList& headers, const RequestForwarding& how, std::string& out) {
  const std::string_view client = how.client_address;
  const size_t start = out.size();
  out.append("X-Forwarded-For: ");
  const bool any =
      !how.replace_forwarded_for && AppendListItems(headers, HeaderId::kXForwardedFor, out);
  if (!any && client.empty()) {
    out.resize(start);
    return;
  }
  if (any && !client.empty()) out.append(", ");
  out.append(client).append("\r\n");
}

// An incoming list that can be read in two ways is dropped as a whole: behind an
// open quote our own element would become part of somebody else's value.
void AppendForwardedClientCert(const HeaderList& headers, const RenderedIdentity& identity,
                               std::string& out) {
  if (identity.incoming_xfcc == RenderedIdentity::IncomingXfcc::kRemove) return;
  const size_t start = out.size();
  out.append("x-forwarded-client-cert: ");
  const size_t value = out.size();
  bool any = AppendListItems(headers, HeaderId::kXForwardedClientCert, out);
  if (identity.incoming_xfcc == RenderedIdentity::IncomingXfcc::kAppend) {
    if (any && !identity::IsWellFormedXfcc(std::string_view(out).substr(value))) {
      out.resize(value);
      any = false;
    }
    if (any && !identity.xfcc_element.empty()) out.append(",");
    out.append(identity.xfcc_element);
    any |= !identity.xfcc_element.empty();
  }
  if (any) {
    out.append("\r\n");
  } else {
    out.resize(start);
  }
}

// TE is of one hop; of what it may say only "trailers" is true of the next one.
bool AsksForTrailers(const HeaderList& headers) {
  if (!headers.Has(HeaderId::kTe)) return false;
  for (const HeaderView field : headers) {
    if (field.id == HeaderId::kTe && ListContains(field.value, "trailers")) return true;
  }
  return false;
}

void AppendConnection(const RequestHead& head, bool tunnel, std::string& out) {
  const bool trailers = AsksForTrailers(head.headers);
  if (trailers) out.append("TE: trailers\r\n");
  if (tunnel) AppendField(out, "Upgrade", head.upgrade);
  if (!trailers && !tunnel) return;
  out.append("Connection: ");
  out.append(trailers && tunnel ? "TE, Upgrade" : trailers ? "TE" : "Upgrade");
  out.append("\r\n");
}

// The name of a Unix socket is no host; any other server answers to this one.
std::string_view HostOf(const RequestHead& head, std::string_view default_host) {
  if (!head.authority.empty()) return head.authority;
  return IsValidAuthority(default_host) ? default_host : "localhost";
}

// Whether a field travels on as it came.
bool Passes(const HeaderView& field, const RequestHead& head, const identity::StripSet& strip,
            const ListedOptions& listed) {
  switch (field.id) {
    case HeaderId::kHost:
    case HeaderId::kContentLength:
    case HeaderId::kXForwardedFor:
    case HeaderId::kXForwardedHost:
    case HeaderId::kXForwardedProto:
    case HeaderId::kXForwardedClientCert:
      return false;  // written by us
    case HeaderId::kExpect:
      return head.expect_continue;
    case HeaderId::kTrailer:
      return head.framing.kind == Framing::Kind::kChunked;
    default:
      return !IsHopByHop(field.id) && !strip.Contains(field.name) && !listed.Contain(field.name);
  }
}

// The fields that pass, in runs between those that do not.
void AppendPassingFields(const RequestHead& head, const identity::StripSet& strip,
                         std::string& out) {
  const HeaderList& headers = head.headers;
  const ListedOptions listed(headers);
  size_t run = 0;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (Passes(headers[i], head, strip, listed)) continue;
    out.append(headers.Lines(run, i));
    run = i + 1;
  }
  out.append(headers.Lines(run, headers.size()));
}

}  // namespace

void ForwardRequestHead(const RequestHead& head, const RequestForwarding& how, std::string& out) {
  out.append(head.method_text).append(" ");
  out.append(how.target.empty() ? head.target : how.target).append(" HTTP/1.1\r\n");
  AppendField(out, "Host", HostOf(head, how.default_host));
  AppendPassingFields(head, how.strip, out);
  AppendForwardedFor(head.headers, how, out);
  out.append("X-Forwarded-Proto: https\r\n");
  if (!head.authority.empty()) AppendField(out, "X-Forwarded-Host", head.authority);
  AppendForwardedClientCert(head.headers, how.identity, out);
  out.append(how.identity.block);
  AppendConnection(head, how.tunnel_upgrade && head.wants_upgrade(), out);
  AppendFraming(out, head.framing);
  out.append("\r\n");
}

}  // namespace mantlet::http
