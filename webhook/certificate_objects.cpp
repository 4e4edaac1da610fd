#include "webhook/certificate_objects.h"

#include "core/error.h"
#include "core/pem.h"
#include "webhook/json.h"

namespace injector {
namespace {

// What the API gives is at most seven deep where we look.
constexpr unsigned max_depth = 64;

constexpr const char* certificate_file = "tls.crt";
constexpr const char* key_file = "tls.key";

Json parse(std::string_view body) { return deeper_than(body, max_depth) ? Json() : Json::parse(body, nullptr, false); }

Json parse_object(std::string_view body, const std::string& path) {
  Json object = parse(body);
  if (text_at(object, {"metadata", "resourceVersion"}).empty()) {
    throw Error(Reason::api_failed, path, "the answer is no object of the API");
  }
  return object;
}

std::string decoded(std::string_view text) { return decode_base64(text).value_or(""); }

Json patch_of(const std::string& version) { return {{"metadata", {{"resourceVersion", version}}}}; }

}  // namespace

SecretObject read_secret(std::string_view body, const std::string& path) {
  const Json object = parse_object(body, path);
  return {std::string(text_at(object, {"metadata", "resourceVersion"})),
          decoded(text_at(object, {"data", certificate_file})), decoded(text_at(object, {"data", key_file}))};
}

WebhookObject read_webhook(std::string_view body, const std::string& path) {
  const Json object = parse_object(body, path);
  WebhookObject webhook{std::string(text_at(object, {"metadata", "resourceVersion"})), {}, {}};
  for (const Json& entry : list_at(object, {"webhooks"})) {
    webhook.names.emplace_back(text_at(entry, {"name"}));
    webhook.bundles.push_back(decoded(text_at(entry, {"clientConfig", "caBundle"})));
  }
  if (webhook.names.empty()) throw Error(Reason::api_failed, path, "has no entries");
  return webhook;
}

std::string secret_patch(const SecretObject& secret, const Leaf& leaf) {
  Json patch = patch_of(secret.version);
  patch["data"] = {{certificate_file, encode_base64(leaf.certificate)}, {key_file, encode_base64(leaf.key)}};
  return patch.dump();
}

std::string webhook_patch(const WebhookObject& webhook, std::string_view bundle) {
  Json patch = patch_of(webhook.version);
  Json& entries = patch["webhooks"] = Json::array();
  for (const std::string& name : webhook.names) {
    entries.push_back({{"name", name}, {"clientConfig", {{"caBundle", encode_base64(bundle)}}}});
  }
  return patch.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string status_message(std::string_view body) { return std::string(text_at(parse(body), {"message"})); }

}  // namespace injector
