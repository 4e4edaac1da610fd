#pragma once

#include <functional>
#include <string>

#include "webhook/certificate.h"
#include "webhook/kubernetes_api.h"

namespace injector {

struct CertificateOptions {
  std::string name_space;  // of the Secret and the Service
  std::string secret;      // exists, and may be empty
  std::string webhook;     // a MutatingWebhookConfiguration
  std::string service;
  std::string directory;  // what the server has as --certificates
  std::string account = account_directory;
  Time lifetime = Time{90} * 24 * 3600;  // seconds
  bool keep = false;                     // go on until a signal asks for the end
};

// Tells an event: whether it is a problem, and what happened.
using Tell = std::function<void(bool problem, const std::string& what)>;

// Sees to it that the service has a certificate: in the Secret, trusted by the API server, and in the directory as
// tls.crt and tls.key; by one round, or again and again. Problems of one round throw; of many they are told, and tried
// again after a while that grows to a minute. What the directory has stays there. Gives what was done last.
std::string keep_certificate(const CertificateOptions& options, const Tell& tell);

}  // namespace injector
