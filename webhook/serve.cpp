#include "webhook/serve.h"

#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "webhook/knowledge.h"
#include "webhook/metrics.h"
#include "webhook/server.h"
#include "webhook/tls.h"

namespace injector {
namespace {

using Clock = std::chrono::steady_clock;

// Files that somebody may exchange; the mount of a ConfigMap or a Secret exchanges the directory in front of them.
class Watch {
 public:
  explicit Watch(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // Whether any is another than at the call before; true for the first.
  bool changed() {
    std::string now;
    for (const std::string& path : paths_) now += look(path) + '\n';
    return std::exchange(seen_, now) != now;
  }

 private:
  static std::string look(const std::string& path) {
    try {
      const auto file = File::try_open(path);
      if (!file) return "-";
      const Status status = file->status();
      return std::to_string(status.inode) + ' ' + std::to_string(status.size) + ' ' + std::to_string(status.changed);
    } catch (const Error& error) {
      return error.problem();
    }
  }

  std::vector<std::string> paths_;
  std::string seen_;
};

std::vector<std::string> knowledge_paths(const KnowledgeFiles& files) {
  std::vector<std::string> paths = {files.catalog};
  if (!files.configuration.empty()) paths.push_back(files.configuration);
  return paths;
}

// The time that the API server gives for the whole call, from the query of its URL.
std::chrono::milliseconds deadline_of(std::string_view query) {
  constexpr std::string_view key = "timeout=";
  constexpr unsigned longest = 30;  // seconds, Kubernetes' own limit
  const std::size_t at = query.find(key);
  unsigned seconds = longest;
  if (at != std::string_view::npos)
    std::from_chars(query.data() + at + key.size(), query.data() + query.size(), seconds);
  return std::chrono::seconds(std::min(seconds, longest));
}

class Webhook {
 public:
  explicit Webhook(const ServeOptions& options)
      : options_(options),
        knowledge_files_(knowledge_paths(options.files)),
        certificate_files_(
            {options.certificates + "/tls.crt", options.certificates + "/tls.key", options.certificates + "/ca.crt"}) {}

  void run() {
    knowledge_files_.changed();
    knowledge_ = read_knowledge(options_.files);
    constexpr std::chrono::seconds look_again{1};
    server_.every(look_again, [this] { look_at_files(); });
    server_.listen(
        options_.listen, [this](const HttpRequest& request) { return review(request); },
        [this] { return certificate_ ? certificate_->connection() : nullptr; });
    server_.listen(options_.metrics, [this](const HttpRequest& request) { return tell(request); });
    log::write(log::Level::info, "serving", {{"listen", options_.listen}, {"metrics", options_.metrics}});
    server_.run(std::chrono::seconds(options_.drain));
    log::write(log::Level::info, "ended");
  }

 private:
  void look_at_files() {
    if (knowledge_files_.changed()) {
      reload([this] { knowledge_ = read_knowledge(options_.files); },
             "the configuration and the catalog were read again");
    }
    if (certificate_files_.changed()) {
      reload([this] { certificate_ = ServerCertificate::read(options_.certificates); }, "the certificate was read");
    }
  }

  template <typename Read>
  void reload(const Read& read, const std::string& done) {
    try {
      read();
      metrics_.count_reload(true);
      log::write(log::Level::info, done);
    } catch (const Error& error) {
      metrics_.count_reload(false);
      log::write(log::Level::error, "what was read before stays in force",
                 {{"path", error.path()}, {"error", error.problem()}});
    }
  }

  HttpResponse review(const HttpRequest& request) {
    constexpr std::string_view path = "/mutate";
    constexpr std::string_view rules = "/mutate/";
    if (request.path != path && !request.path.starts_with(rules)) return {404, "text/plain", "there is /mutate\n"};
    if (request.method != "POST") return {405, "text/plain", "a review is sent by POST\n"};
    const auto begin = Clock::now();
    const std::string_view rule = request.path == path ? "" : request.path.substr(rules.size());
    const bool late = request.waited > deadline_of(request.query) / 2;
    Reply reply = answer({request.body, rule, late}, knowledge_);
    const auto time = Clock::now() - begin + request.waited;
    metrics_.count(reply.decision, time);
    log_review(reply, rule, time);
    return {reply.status, reply.status == 200 ? "application/json" : "text/plain", std::move(reply.body)};
  }

  static void log_review(const Reply& reply, std::string_view rule, Clock::duration time) {
    std::string libraries;
    for (const auto& [library, version] : reply.decision.libraries) {
      libraries += (libraries.empty() ? "" : " ") + library + '@' + version;
    }
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    log::write(log::Level::info, std::string(name_of(reply.decision.verdict)),
               {{"namespace", reply.space},
                {"pod", reply.pod},
                {"workload", reply.workload},
                {"rule", std::string(rule)},
                {"libraries", libraries},
                {"reasons", lines_of(reply.decision.notes)},
                {"duration_ms", std::to_string(milliseconds)}});
  }

  HttpResponse tell(const HttpRequest& request) const {
    if (request.path == "/healthz") return {200, "text/plain", "ok\n"};
    if (request.path == "/readyz") {
      const std::string why = unready();
      return {why.empty() ? 200U : 503U, "text/plain", (why.empty() ? "ok" : why) + "\n"};
    }
    if (request.path != "/metrics") return {404, "text/plain", "there are /healthz, /readyz and /metrics\n"};
    const std::int64_t end = certificate_ ? certificate_->not_after() : 0;
    return {200, "text/plain; version=0.0.4", metrics_.print({server_.connections(), server_.refused(), end})};
  }

  std::string unready() const {
    if (server_.is_draining()) return "it is asked to end";
    return certificate_ ? certificate_->doubt(std::time(nullptr)) : "there is no certificate yet";
  }

  const ServeOptions& options_;
  Watch knowledge_files_;
  Watch certificate_files_;
  Knowledge knowledge_;
  std::optional<ServerCertificate> certificate_;
  Metrics metrics_;
  Server server_;
};

}  // namespace

void serve(const ServeOptions& options) { Webhook(options).run(); }

}  // namespace injector
