#include "webhook/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <csignal>
#include <list>

#include "core/error.h"

namespace injector {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Message = http::request_parser<http::string_body>;

constexpr auto await = asio::as_tuple(asio::use_awaitable);

// A number that is raised for as long as this lives.
class Counted {
 public:
  Counted(std::size_t& total, std::size_t amount) : total_(total), amount_(amount) { total_ += amount_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { total_ -= amount_; }

 private:
  std::size_t& total_;
  std::size_t amount_;
};

tcp::endpoint endpoint_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto number = std::from_chars(address.data() + (colon == std::string::npos ? 0 : colon + 1), end, port);
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(host, error);
  if (error || number.ec != std::errc() || number.ptr != end) {
    throw Error(Reason::usage, address, "is no IP address with a port", "Write 0.0.0.0:8443, or [::]:8443.");
  }
  return {ip, port};
}

// An open connection, for whoever closes those that are idle.
struct Connection {
  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}

  beast::tcp_stream stream;
  bool idle = true;
};

}  // namespace

class Server::Impl {
 public:
  void listen(const std::string& address, HttpHandler handler, NewTls tls) {
    try {
      tcp::acceptor acceptor(context_, endpoint_of(address));
      acceptor.listen(asio::socket_base::max_listen_connections);
      listeners_.push_back({std::move(acceptor), std::move(handler), std::move(tls)});
    } catch (const boost::system::system_error& error) {
      throw Error(Reason::io_error, address, "cannot be listened on: " + error.code().message(),
                  "Choose another address or port.");
    }
    asio::co_spawn(context_, accept(listeners_.back()), asio::detached);
  }

  void every(std::chrono::milliseconds period, std::function<void()> task) {
    task();
    asio::co_spawn(context_, repeat(period, std::move(task)), asio::detached);
  }

  void run(std::chrono::milliseconds drain) {
    asio::co_spawn(context_, end(drain), asio::detached);
    context_.run();
  }

  bool draining = false;
  std::size_t connections = 0;
  std::size_t refused = 0;

 private:
  struct Listener {
    tcp::acceptor acceptor;
    HttpHandler handler;
    NewTls tls;
  };

  asio::awaitable<void> wait(Clock::duration time) {
    asio::steady_timer timer(context_, time);
    co_await timer.async_wait(await);
  }

  asio::awaitable<void> repeat(std::chrono::milliseconds period, std::function<void()> task) {
    for (;;) {
      co_await wait(period);
      task();
    }
  }

  asio::awaitable<void> end(std::chrono::milliseconds drain) {
    asio::signal_set signals(context_, SIGTERM, SIGINT);
    co_await signals.async_wait(await);
    draining = true;
    co_await wait(drain);
    boost::system::error_code ignored;
    for (Listener& listener : listeners_) listener.acceptor.close(ignored);
    for (Connection* connection : open_) {
      if (connection->idle) connection->stream.cancel();
    }
    const auto last = Clock::now() + transfer_time;
    while (!open_.empty() && Clock::now() < last) co_await wait(std::chrono::milliseconds(20));
    context_.stop();
  }

  asio::awaitable<void> accept(Listener& listener) {
    while (listener.acceptor.is_open()) {
      auto [error, socket] = co_await listener.acceptor.async_accept(await);
      if (!listener.acceptor.is_open()) co_return;
      if (error) {
        // No descriptor is free, for instance.
        co_await wait(std::chrono::milliseconds(50));
      } else if (connections >= max_connections) {
        ++refused;
      } else {
        asio::co_spawn(context_, serve(listener, std::move(socket)), asio::detached);
      }
    }
  }

  asio::awaitable<void> serve(Listener& listener, tcp::socket socket) {
    const Counted counted(connections, 1);
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    Connection connection(std::move(socket));
    const auto position = open_.insert(open_.end(), &connection);
    if (listener.tls) {
      co_await serve_tls(listener, connection);
    } else {
      co_await converse(listener, connection, connection.stream);
    }
    open_.erase(position);
  }

  asio::awaitable<void> serve_tls(Listener& listener, Connection& connection) {
    ssl_st* const state = listener.tls();
    if (state == nullptr) co_return;
    asio::ssl::stream<beast::tcp_stream&> stream(connection.stream, state);
    connection.stream.expires_after(handshake_time);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, await);
    if (error) co_return;
    co_await converse(listener, connection, stream);
    connection.stream.expires_after(handshake_time);
    co_await stream.async_shutdown(await);
  }

  template <typename Stream>
  asio::awaitable<void> converse(Listener& listener, Connection& connection, Stream& stream) {
    bool goes_on = true;
    for (unsigned requests = 1; goes_on; ++requests) {
      goes_on = co_await exchange(listener, connection, stream, requests);
    }
  }

  // Reads a request and answers it; false where the connection ends.
  template <typename Stream>
  asio::awaitable<bool> exchange(Listener& listener, Connection& connection, Stream& stream, unsigned requests) {
    // What is read beyond a request would be the next one's, but no client of ours sends two at a time.
    beast::flat_buffer buffer(max_header + max_body);
    Message message;
    message.header_limit(max_header);
    message.body_limit(max_body);
    connection.idle = true;
    connection.stream.expires_after(idle_time);
    if (const auto [error, size] = co_await http::async_read_header(stream, buffer, message, await); error) {
      co_return false;
    }
    connection.idle = false;
    const auto begin = Clock::now();
    connection.stream.expires_after(transfer_time);
    const std::size_t length = message.chunked() ? max_body : message.content_length().value_or(0);
    if (length > max_body || bodies_ + length > max_bodies) {
      ++refused;
      co_await write(stream, {503, "text/plain; charset=utf-8", "the body is too large, or there are too many\n"},
                     message, false);
      co_return false;
    }
    const Counted counted(bodies_, length);
    if (const auto [error, size] = co_await http::async_read(stream, buffer, message, await); error) co_return false;
    co_await asio::post(context_, asio::use_awaitable);  // behind whoever waits: that is how long one waits here
    const bool goes_on = message.keep_alive() && !draining && requests < max_requests;
    co_return co_await write(stream, handle(listener, request_of(message, Clock::now() - begin)), message, goes_on);
  }

  // What goes wrong with one request is its own affair.
  static HttpResponse handle(const Listener& listener, const HttpRequest& request) {
    try {
      return listener.handler(request);
    } catch (const std::exception& error) {
      return {500, "text/plain; charset=utf-8", error.what() + std::string("\n")};
    }
  }

  static HttpRequest request_of(const Message& message, Clock::duration waited) {
    const auto& request = message.get();
    const std::string_view target(request.target().data(), request.target().size());
    const std::string_view method(request.method_string().data(), request.method_string().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    return {method, target.substr(0, mark), target.substr(std::min(mark + 1, target.size())), request.body(), waited};
  }

  template <typename Stream>
  static asio::awaitable<bool> write(Stream& stream, HttpResponse answer, const Message& message, bool goes_on) {
    http::response<http::string_body> response(static_cast<http::status>(answer.status), message.get().version());
    response.set(http::field::content_type, answer.type);
    response.body() = std::move(answer.body);
    response.keep_alive(goes_on);
    response.prepare_payload();
    const auto [error, size] = co_await http::async_write(stream, response, await);
    co_return goes_on && !error;
  }

  asio::io_context context_{1};
  std::list<Listener> listeners_;
  std::list<Connection*> open_;
  std::size_t bodies_ = 0;  // bytes
};

Server::Server() : impl_(std::make_unique<Impl>()) {}
Server::~Server() = default;

void Server::listen(const std::string& address, HttpHandler handler, NewTls tls) {
  impl_->listen(address, std::move(handler), std::move(tls));
}
void Server::every(std::chrono::milliseconds period, std::function<void()> task) {
  impl_->every(period, std::move(task));
}
void Server::run(std::chrono::milliseconds drain) { impl_->run(drain); }
bool Server::is_draining() const { return impl_->draining; }
std::size_t Server::connections() const { return impl_->connections; }
std::size_t Server::refused() const { return impl_->refused; }

}  // namespace injector
