#include "webhook/certificate_command.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/directory.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "webhook/certificate_objects.h"
#include "webhook/certificate_step.h"

namespace injector {
namespace {

using std::chrono::seconds;

constexpr const char* certificate_file = "tls.crt";
constexpr const char* key_file = "tls.key";
constexpr std::uint32_t file_mode = 0640;

// How often one looks whether another replica was faster, or somebody changed the objects; and how long a problem that
// stays keeps one waiting. Both are shorter where certificates are, or where the problem is new.
constexpr Time longest_wait = 60;
constexpr Time looks_in_a_life = 30;
// One round makes, pins, stores and serves; others who do the same can come between.
constexpr int most_steps = 100;

constexpr unsigned ok = 200;
constexpr unsigned conflict = 409;

Time now() { return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// Where a server reads its certificate. Each file is replaced in one step, the certificate last: a server that comes in
// between finds that the two do not fit, and looks again.
class Handover {
 public:
  explicit Handover(const std::string& path) : directory_(open(path)) {}

  std::optional<Leaf> read(const std::string& name) const {
    return read_leaf(text_of(certificate_file), text_of(key_file), name);
  }

  void write(const Leaf& leaf) const {
    replace(key_file, leaf.key);
    replace(certificate_file, leaf.certificate);
  }

 private:
  static Directory open(const std::string& path) {
    auto directory = Directory::try_open(path, Access::write);
    if (!directory) throw Error(Reason::target_missing, path, "there is no directory", "Mount a volume there.");
    return std::move(*directory);
  }

  std::string text_of(const std::string& name) const {
    auto file = directory_.try_open_file(name);
    return file ? file->try_read_all(max_leaf_file).value_or("") : "";
  }

  void replace(const std::string& name, const std::string& text) const {
    const std::string fresh = name + ".new";
    directory_.remove_tree(fresh);
    File file = directory_.create_file(fresh, file_mode);
    file.write_all(text);
    file.close();
    directory_.rename_from(directory_, fresh, name);
  }

  Directory directory_;
};

class Keeper {
 public:
  Keeper(const CertificateOptions& options, const Tell& tell)
      : options_(options),
        tell_(tell),
        api_(KubernetesApi::of_this_pod(options.account)),
        handover_(options.directory),
        name_(options.service + '.' + options.name_space + ".svc"),
        secret_path_("/api/v1/namespaces/" + options.name_space + "/secrets/" + options.secret),
        webhook_path_("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/" + options.webhook) {
    state_.served = handover_.read(name_);
  }

  // Looks and acts until there is nothing to do; gives when there is again.
  Time round() {
    for (int step = 0; step < most_steps; ++step) {
      look();
      const CertificateStep next = next_step(state_, now());
      if (next.kind == CertificateStep::Kind::wait) return next.until;
      act(next);
    }
    throw Error(Reason::api_failed, secret_path_, "somebody else changes it all the time");
  }

  const std::string& name() const { return name_; }

 private:
  using Kind = CertificateStep::Kind;

  void look() {
    secret_ = read_secret(get(secret_path_), secret_path_);
    webhook_ = read_webhook(get(webhook_path_), webhook_path_);
    state_.stored = read_leaf(secret_.certificate, secret_.key, name_);
    state_.bundles = webhook_.bundles;
  }

  void act(const CertificateStep& step) {
    switch (step.kind) {
      case Kind::make:
        state_.made = make_leaf(name_, now(), options_.lifetime);
        break;
      case Kind::pin:
        if (patch(webhook_path_, webhook_patch(webhook_, step.bundle)))
          tell_(false, "the API server trusts a certificate");
        break;
      case Kind::store:
        if (patch(secret_path_, secret_patch(secret_, step.leaf))) tell_(false, "the Secret has it");
        break;
      case Kind::serve:
        handover_.write(step.leaf);
        state_.served = step.leaf;
        tell_(false, "the server has the certificate of the Secret");
        break;
      case Kind::wait:
        break;
    }
  }

  std::string get(const std::string& path) const {
    const KubernetesApi::Answer answer = api_.ask({"GET", path, "", ""});
    if (answer.status != ok) fail(path, answer);
    return answer.body;
  }

  // False: the object is no longer what it was when we looked.
  bool patch(const std::string& path, const std::string& body) const {
    const KubernetesApi::Answer answer =
        api_.ask({"PATCH", path + "?fieldManager=injector-webhook", "application/strategic-merge-patch+json", body});
    if (answer.status != ok && answer.status != conflict) fail(path, answer);
    return answer.status == ok;
  }

  [[noreturn]] static void fail(const std::string& path, const KubernetesApi::Answer& answer) {
    throw Error(Reason::api_failed, path,
                "the API server answers " + std::to_string(answer.status) + ' ' + status_message(answer.body));
  }

  const CertificateOptions& options_;
  const Tell& tell_;
  KubernetesApi api_;
  Handover handover_;
  std::string name_;
  std::string secret_path_;
  std::string webhook_path_;
  SecretObject secret_;
  WebhookObject webhook_;
  CertificateState state_;
};

// Rounds until a signal comes. A problem is told when it begins, and when it has become another one.
void keep(Keeper& keeper, const CertificateOptions& options, const Tell& tell) {
  const Time pause = std::clamp(options.lifetime / looks_in_a_life, Time{1}, longest_wait);
  std::string problem;
  Time wait = 0;
  while (!process::is_asked_to_end_within(seconds(wait))) {
    try {
      wait = std::clamp(keeper.round() - now(), Time{1}, pause);
      if (!std::exchange(problem, "").empty()) tell(false, "the problem is over");
    } catch (const Error& error) {
      wait = problem.empty() ? 1 : std::min(wait * 2, longest_wait);
      const std::string text = error.path() + ": " + error.problem();
      if (std::exchange(problem, text) != text) tell(true, text);
    }
  }
}

}  // namespace

std::string keep_certificate(const CertificateOptions& options, const Tell& tell) {
  Keeper keeper(options, tell);
  if (options.keep) {
    keep(keeper, options, tell);
  } else {
    keeper.round();
  }
  return "the certificate of " + keeper.name();
}

}  // namespace injector
