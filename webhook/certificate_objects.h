#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webhook/certificate_step.h"

namespace injector {

// What the two objects of the API say that keeping a certificate depends on, and the changes to them: strategic merge
// patches, which fail with 409 where the object is no longer of that version.

struct SecretObject {
  std::string version;
  std::string certificate;  // of tls.crt; empty where there is none, or no base64
  std::string key;          // of tls.key
};

struct WebhookObject {
  std::string version;
  std::vector<std::string> names;    // of its entries
  std::vector<std::string> bundles;  // their caBundles, as PEM
};

// path: for messages. Both throw api_failed where the text is no such object.
SecretObject read_secret(std::string_view body, const std::string& path);
WebhookObject read_webhook(std::string_view body, const std::string& path);

std::string secret_patch(const SecretObject& secret, const Leaf& leaf);
std::string webhook_patch(const WebhookObject& webhook, std::string_view bundle);

// What an answer that is no object says of itself: the message of a Status, or nothing.
std::string status_message(std::string_view body);

}  // namespace injector
