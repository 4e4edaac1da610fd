#include "webhook/kubernetes_api.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/openssl.h"
#include "core/version.h"

namespace injector {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::seconds patience(10);
constexpr std::size_t max_account_file = std::size_t{1} << 20U;  // of several authorities; a token takes 1 KiB
constexpr std::size_t max_answer = std::size_t{4} << 20U;        // etcd keeps objects of 1.5 MiB at most
constexpr std::uint32_t max_header = 65536;

[[noreturn]] void fail(const std::string& where, const std::string& problem) {
  throw Error(Reason::api_failed, where, problem);
}

std::string read_account_file(const std::string& path) {
  auto file = File::try_open(path);
  auto text = file ? file->try_read_all(max_account_file) : std::nullopt;
  if (!text || text->empty()) fail(path, "is not there, or empty");
  while (text->ends_with('\n')) text->pop_back();
  return std::move(*text);
}

asio::ip::tcp::endpoint endpoint_of(const std::string& address, const std::string& port) {
  ErrorCode error;
  const auto ip = asio::ip::make_address(address, error);
  std::uint16_t number = 0;
  const auto end = port.data() + port.size();
  if (error || std::from_chars(port.data(), end, number).ptr != end || number == 0) {
    fail(address + ':' + port, "is no IP address and port");
  }
  return {ip, number};
}

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(endpoint.port());
}

asio::ssl::context context_with(const std::string& authorities, const std::string& name) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  ErrorCode error;
  context.add_certificate_authority(asio::buffer(authorities), error);
  if (error) fail(name, "its authority cannot be read: " + error.message());
  return context;
}

// One connection, and what is said over it. Each step has what is left of the time.
class Exchange {
 public:
  Exchange(const asio::ip::tcp::endpoint& endpoint, const std::string& authorities)
      : endpoint_(endpoint), name_(text_of(endpoint)), tls_(context_with(authorities, name_)), stream_(context_, tls_) {
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(asio::ssl::host_name_verification(endpoint.address().to_string()));
  }

  KubernetesApi::Answer run(http::request<http::string_body>& request) {
    request.set(http::field::host, name_);
    beast::get_lowest_layer(stream_).expires_after(patience);
    wait("connect", [&](auto done) { beast::get_lowest_layer(stream_).async_connect(endpoint_, done); });
    wait("TLS", [&](auto done) { stream_.async_handshake(asio::ssl::stream_base::client, done); });
    wait("send", [&](auto done) {
      http::async_write(stream_, request, [done](ErrorCode error, std::size_t) { done(error); });
    });
    http::response_parser<http::string_body> parser;
    parser.body_limit(max_answer);
    parser.header_limit(max_header);
    beast::flat_buffer buffer;
    wait("receive", [&](auto done) {
      http::async_read(stream_, buffer, parser, [done](ErrorCode error, std::size_t) { done(error); });
    });
    return {parser.get().result_int(), std::move(parser.get().body())};
  }

 private:
  using Stream = beast::ssl_stream<beast::tcp_stream>;

  template <typename Start>
  void wait(const char* step, Start start) {
    ErrorCode result = asio::error::would_block;
    start([&result](ErrorCode error) { result = error; });
    context_.restart();
    context_.run();
    if (result) fail(name_, std::string(step) + ": " + result.message());
  }

  asio::ip::tcp::endpoint endpoint_;
  std::string name_;
  asio::io_context context_;
  asio::ssl::context tls_;
  Stream stream_;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    throw Error(Reason::usage, name, "is not set", "Run it in a Pod, or set it to the API server's.");
  }
  return value;
}

}  // namespace

KubernetesApi::KubernetesApi(std::string address, std::string port, std::string account)
    : address_(std::move(address)), port_(std::move(port)), account_(std::move(account)) {}

KubernetesApi KubernetesApi::of_this_pod(const std::string& account) {
  return {variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"), account};
}

KubernetesApi::Answer KubernetesApi::ask(const Request& request) const {
  openssl::prepare();
  constexpr unsigned http_1_1 = 11;
  http::request<http::string_body> message;
  message.version(http_1_1);
  message.method_string({request.method.data(), request.method.size()});
  message.target({request.path.data(), request.path.size()});
  message.set(http::field::user_agent, std::string("injector-webhook/") + version);
  message.set(http::field::authorization, "Bearer " + read_account_file(account_ + "/token"));
  message.set(http::field::accept, "application/json");
  message.set(http::field::connection, "close");
  if (!request.type.empty()) message.set(http::field::content_type, {request.type.data(), request.type.size()});
  message.body() = request.body;
  message.prepare_payload();
  Exchange exchange(endpoint_of(address_, port_), read_account_file(account_ + "/ca.crt"));
  return exchange.run(message);
}

}  // namespace injector
