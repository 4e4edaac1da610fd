#include "webhook/certificate_objects.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/pem.h"
#include "webhook/json.h"

namespace injector {
namespace {

TEST(SecretObject, HoldsWhatIsBase64) {
  const SecretObject secret = read_secret(
      R"({"kind": "Secret", "metadata": {"resourceVersion": "7"}, "data": {"tls.crt": "YWI=", "tls.key": "Y2Q="}})",
      "x");
  EXPECT_EQ(secret.version, "7");
  EXPECT_EQ(secret.certificate, "ab");
  EXPECT_EQ(secret.key, "cd");
  for (const char* data : {"null", "{}", R"({"tls.crt": 1, "tls.key": "%"})"}) {
    const SecretObject none =
        read_secret(R"({"metadata": {"resourceVersion": "7"}, "data": )" + std::string(data) + "}", "x");
    EXPECT_TRUE(none.certificate.empty() && none.key.empty()) << data;
  }
}

TEST(SecretObject, IsPatchedAtItsVersion) {
  const Json patch = Json::parse(secret_patch({"7", "", ""}, {"ab", "cd", {}}));
  EXPECT_EQ(patch,
            Json::parse(R"({"metadata": {"resourceVersion": "7"}, "data": {"tls.crt": "YWI=", "tls.key": "Y2Q="}})"));
}

TEST(WebhookObject, IsPatchedByTheNamesOfItsEntries) {
  const WebhookObject webhook = read_webhook(R"({"metadata": {"resourceVersion": "8"}, "webhooks": [
      {"name": "a", "clientConfig": {"caBundle": "YWI="}}, {"name": "b", "clientConfig": {"service": {}}}]})",
                                             "x");
  EXPECT_EQ(webhook.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(webhook.bundles, (std::vector<std::string>{"ab", ""}));
  EXPECT_EQ(Json::parse(webhook_patch(webhook, "cd")),
            Json::parse(R"({"metadata": {"resourceVersion": "8"}, "webhooks": [
      {"name": "a", "clientConfig": {"caBundle": "Y2Q="}}, {"name": "b", "clientConfig": {"caBundle": "Y2Q="}}]})"));
}

TEST(ApiObjects, AnythingElseIsAnError) {
  const std::string deep = R"({"metadata": {"resourceVersion": "7"}, "webhooks": )" + std::string(100, '[');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"metadata": []})"),
        std::string(R"({"metadata": {"resourceVersion": 7}})"), deep}) {
    EXPECT_THROW(read_secret(text, "x"), Error) << text;
    EXPECT_THROW(read_webhook(text, "x"), Error) << text;
    EXPECT_EQ(status_message(text), "") << text;
  }
  EXPECT_THROW(read_webhook(R"({"metadata": {"resourceVersion": "7"}})", "x"), Error);
  EXPECT_EQ(status_message(R"({"kind": "Status", "message": "no"})"), "no");
}

}  // namespace
}  // namespace injector
