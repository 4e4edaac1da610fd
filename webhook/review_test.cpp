#include "webhook/review.h"

#include <gtest/gtest.h>

#include "core/pem.h"
#include "webhook/example.h"

namespace injector {
namespace {

Json review_of(const Json& pod) {
  return {
      {"apiVersion", "admission.k8s.io/v1"},
      {"kind", "AdmissionReview"},
      {"request",
       {{"uid", "u-1"}, {"kind", {{"kind", "Pod"}}}, {"operation", "CREATE"}, {"namespace", "shop"}, {"object", pod}}}};
}

Reply reply_to(const std::string& body, bool overloaded = false) {
  Knowledge knowledge;
  knowledge.catalog = example::catalog();
  return answer({body, "", overloaded}, knowledge);
}

TEST(Review, IsAnsweredWithAPatch) {
  const Json pod = example::pod({{"first.example/coffee-lib.version", "v1"}});
  const Reply reply = reply_to(review_of(pod).dump());
  ASSERT_EQ(reply.status, 200U);
  const Json response = Json::parse(reply.body)["response"];
  EXPECT_EQ(response["uid"], "u-1");
  EXPECT_EQ(response["allowed"], true);
  EXPECT_EQ(response["patchType"], "JSONPatch");
  EXPECT_EQ(pod.patch(Json::parse(decode_base64(response["patch"].get<std::string>()).value())), reply.decision.pod);
  EXPECT_EQ(response["auditAnnotations"]["outcome"], "injected");
  EXPECT_FALSE(response.contains("warnings"));
}

TEST(Review, SaysWhyNot) {
  const Reply reply = reply_to(review_of(example::pod({{"first.example/coffee-lib.version", "9\n"}})).dump());
  const Json response = Json::parse(reply.body)["response"];
  EXPECT_EQ(response["allowed"], true);
  EXPECT_FALSE(response.contains("patch"));
  EXPECT_EQ(response["warnings"][0],
            "injector: unknown-version: a-agent has no version 9?; there is 1.64.0, 1.63.2, 0.9.0");
}

TEST(Review, ThatComesTooLateIsAllowed) {
  const Reply reply = reply_to(review_of(example::pod({{"first.example/coffee-lib.version", "v1"}})).dump(), true);
  const Json response = Json::parse(reply.body)["response"];
  EXPECT_EQ(response["allowed"], true);
  EXPECT_FALSE(response.contains("patch"));
  EXPECT_EQ(reply.decision.notes.front().why, Why::overloaded);
}

TEST(Review, OfAnythingElseIsAllowed) {
  Json review = review_of(example::pod(nullptr));
  for (const auto& [pointer, value] :
       {std::pair("/request/operation", Json("UPDATE")), std::pair("/request/kind/kind", Json("Node")),
        std::pair("/request/object", Json(1))}) {
    Json other = review;
    other[Json::json_pointer(pointer)] = value;
    const Json response = Json::parse(reply_to(other.dump()).body)["response"];
    EXPECT_EQ(response["allowed"], true) << pointer;
    EXPECT_FALSE(response.contains("patch"));
  }
}

TEST(Review, ThatIsNoneIsABadRequest) {
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("{\"kind\":1}"), std::string(100'000, '['),
        std::string(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}})")}) {
    EXPECT_EQ(reply_to(body).status, 400U);
  }
}

}  // namespace
}  // namespace injector
