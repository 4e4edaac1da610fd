#pragma once

#include <string>
#include <string_view>

namespace injector {

// Where a Pod finds what its service account has.
inline constexpr const char* account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";

// A client of the API server for a program in a Pod: one connection and one request at a time.
class KubernetesApi {
 public:
  struct Answer {
    unsigned status = 0;  // of HTTP
    std::string body;
  };
  struct Request {
    std::string_view method;  // of HTTP
    std::string_view path;    // with query
    std::string_view type;    // of the body; empty where there is none
    std::string_view body;
  };

  // address: as KUBERNETES_SERVICE_HOST and _PORT have it, an IP address: no name is ever looked up. account: a
  // directory with the service account's ca.crt and token, read for each request, for they change.
  KubernetesApi(std::string address, std::string port, std::string account);
  // Of this Pod. Throws usage where the variables are not set.
  static KubernetesApi of_this_pod(const std::string& account);

  // Asks, and waits for at most ten seconds. Any answer is given back, whatever its status; throws api_failed where
  // there is none.
  Answer ask(const Request& request) const;

 private:
  std::string address_;
  std::string port_;
  std::string account_;
};

}  // namespace injector
