#include "webhook/review.h"

#include "core/pem.h"
#include "tests/fuzz/target.h"
#include "webhook/additive.h"
#include "webhook/example.h"
#include "webhook/yaml.h"

namespace injector::fuzz {
namespace {

const Json asking = example::pod({{"first.example/coffee-lib.version", "v1"}, {"second.example/inject-snake", "true"}});

// What a decision has to be, whatever was decided on.
void check(const Decision& decision, const Json& pod, std::string_view space, const Knowledge& knowledge) {
  require(decision.verdict == Verdict::unchanged || !decision.patch.empty(),
          "something is said to be added, and nothing is");
  require(decision.verdict != Verdict::unchanged || !decision.notes.empty(), "nothing is added, and nobody says why");
  if (decision.patch.empty()) return;
  require(pod.patch(decision.patch) == decision.pod, "a patch gives another Pod than it says");
  require(only_adds(pod, decision.pod), "a patch does more than add");
  const Decision again = decide(decision.pod, space, "", knowledge.configuration, knowledge.catalog);
  require(again.patch.empty(), "a second call finds something to add");
}

}  // namespace

// bytes: an AdmissionReview.
void run_review(std::string_view bytes) {
  static const Knowledge knowledge{{}, example::catalog()};
  const Reply reply = answer({bytes, "", false}, knowledge);
  if (reply.status != 200) return;
  const Json review = Json::parse(bytes);
  const Json response = Json::parse(reply.body)["response"];
  require(response["uid"] == review["request"]["uid"] && response["allowed"] == true, "a review is not allowed");
  const Json& pod = object_at(review, {"request", "object"});
  check(reply.decision, pod, reply.space, knowledge);
  require(response.contains("patch") == !reply.decision.patch.empty(), "a patch is not sent");
}

// bytes: a configuration, by which a Pod is decided on.
void run_configuration(std::string_view bytes) {
  accepts([&] {
    Knowledge knowledge{{}, example::catalog()};
    for (const Json& document : parse_yaml(bytes, "c")) {
      knowledge.configuration = read_configuration(document, "c");
      check(decide(asking, "shop", "", knowledge.configuration, knowledge.catalog), asking, "shop", knowledge);
      for (const Rule& rule : knowledge.configuration.rules) {
        decide(example::pod(nullptr), "shop", rule.name, knowledge.configuration, knowledge.catalog);
      }
    }
  });
}

}  // namespace injector::fuzz
