#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace injector {

// What a client asks for. The texts live as long as the call of the handler.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // without the query
  std::string_view query;  // behind '?'
  std::string_view body;
  std::chrono::steady_clock::duration waited{};  // since its first line was read, for others to be served
};

struct HttpResponse {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// The TLS state of a new connection, which the server owns then; nullptr where there is no certificate yet: then the
// connection is closed.
using NewTls = std::function<ssl_st*()>;

// Serves HTTP/1.1 with kept connections, from one thread: handlers are called one at a time and must not wait. Every
// connection, body and wait has a bound, and what exceeds one is refused before it costs memory.
class Server {
 public:
  static constexpr std::size_t max_body = std::size_t{8} << 20U;     // bytes, of one request
  static constexpr std::size_t max_bodies = std::size_t{16} << 20U;  // of all that are read at a time
  static constexpr std::size_t max_header = std::size_t{16} << 10U;
  static constexpr std::size_t max_connections = 1000;
  // A kept connection is closed by its client first: that of the API server waits 90 s.
  static constexpr std::chrono::seconds idle_time{120};
  static constexpr std::chrono::seconds handshake_time{5};
  static constexpr std::chrono::seconds transfer_time{10};
  // So that a new replica gets its share: the API server goes on using the connections that it has.
  static constexpr unsigned max_requests = 10'000;

  Server();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on ADDRESS:PORT, an IP address, [ADDRESS]:PORT for IPv6. tls: empty for plain HTTP. Throws Error(usage)
  // where that is no address, Error(io_error) where it cannot be had.
  void listen(const std::string& address, HttpHandler handler, NewTls tls = {});

  // Calls something again and again, for the first time before anything is served.
  void every(std::chrono::milliseconds period, std::function<void()> task);

  // Serves until SIGTERM or SIGINT: then goes on for drain, closing each connection after its next answer, for the API
  // server learns only after a while that this one is going; then closes what is idle, and returns when the last
  // request is answered.
  void run(std::chrono::milliseconds drain);

  bool is_draining() const;
  std::size_t connections() const;
  std::size_t refused() const;  // connections above the limit, and requests above that of bodies

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace injector
