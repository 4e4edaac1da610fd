#include "webhook/metrics.h"

namespace injector {
namespace {

// A custom image is the Pod owner's word, of which there may be any number: one label for all of them.
constexpr std::string_view custom = "custom";

std::string label_value(std::string_view text) {
  std::string value;
  for (const char byte : text) {
    if (byte == '\\' || byte == '"') value += '\\';
    value += byte == '\n' ? ' ' : byte;
  }
  return '"' + value + '"';
}

// Of microseconds, as seconds.
std::string seconds(std::uint64_t microseconds) {
  constexpr std::uint64_t in_a_second = 1'000'000;
  std::string fraction = std::to_string(microseconds % in_a_second);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::to_string(microseconds / in_a_second) + '.' + fraction;
}

std::string about(std::string_view name, std::string_view type, std::string_view help) {
  const std::string begin = "injector_webhook_" + std::string(name) + ' ';
  return "# HELP " + begin + std::string(help) + "\n# TYPE " + begin + std::string(type) + '\n';
}

std::string sample(std::string_view name, const std::string& labels, const std::string& value) {
  return "injector_webhook_" + std::string(name) + (labels.empty() ? "" : '{' + labels + '}') + ' ' + value + '\n';
}

std::string single(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
  return about(name, type, help) + sample(name, "", std::to_string(value));
}

std::string family(std::string_view name, std::string_view label, std::string_view help,
                   const std::map<std::string, std::uint64_t>& counts) {
  std::string text = about(name, "counter", help);
  for (const auto& [value, count] : counts) {
    text += sample(name, std::string(label) + '=' + label_value(value), std::to_string(count));
  }
  return text;
}

}  // namespace

void Metrics::count(const Decision& decision, std::chrono::steady_clock::duration time) {
  ++reviews_;
  ++verdicts_[std::string(name_of(decision.verdict))];
  for (const Note& note : decision.notes) ++reasons_[std::string(name_of(note.why))];
  if (!decision.patch.empty()) {
    for (const auto& [library, version] : decision.libraries) {
      const bool own = version.find_first_of(":/@") != std::string::npos;
      ++libraries_[{library, own ? std::string(custom) : version}];
    }
  }
  const auto taken = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  microseconds_ += taken;
  for (std::size_t at = 0; at < bounds.size(); ++at) within_[at] += taken <= bounds[at] ? 1 : 0;
}

std::string Metrics::print(const Now& now) const {
  std::string text = family("reviews_total", "outcome", "Pods that were looked at.", verdicts_);
  text += family("reasons_total", "reason", "Why not all that was asked for was added.", reasons_);
  text += about("injected_total", "counter", "Libraries that were added to a Pod.");
  for (const auto& [library, count] : libraries_) {
    text +=
        sample("injected_total", "library=" + label_value(library.first) + ",version=" + label_value(library.second),
               std::to_string(count));
  }
  text += about("review_duration_seconds", "histogram", "From a review that was received to its answer.");
  for (std::size_t at = 0; at < bounds.size(); ++at) {
    text += sample("review_duration_seconds_bucket", "le=\"" + seconds(bounds[at]) + '"', std::to_string(within_[at]));
  }
  text += sample("review_duration_seconds_bucket", "le=\"+Inf\"", std::to_string(reviews_));
  text += sample("review_duration_seconds_sum", "", seconds(microseconds_));
  text += sample("review_duration_seconds_count", "", std::to_string(reviews_));
  text += single("connections", "gauge", "Open connections.", now.connections);
  text += single("refused_total", "counter", "Connections and requests above a limit.", now.refused);
  text += single("reloads_total", "counter", "Times that a changed file was read.", reloads_);
  text += single("failed_reloads_total", "counter", "Times that a changed file was wrong, and the old one kept.",
                 failed_reloads_);
  text += single("certificate_expiry_timestamp_seconds", "gauge", "When the certificate ends; 0: there is none.",
                 static_cast<std::uint64_t>(now.certificate_end));
  return text;
}

}  // namespace injector
