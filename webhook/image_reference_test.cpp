#include "webhook/image_reference.h"

#include <gtest/gtest.h>

#include <string>

namespace injector {
namespace {

TEST(ImageReference, HasAForm) {
  const std::string digest = "@sha256:" + std::string(64, 'a');
  for (const std::string& good :
       {std::string("agent"), std::string("agent:1.64.0"), std::string("localhost:5000/agent"),
        std::string("Registry.Example/team/a__b-c.d/agent:v1_x"), "agent" + digest, "r.example:5/agent:1" + digest}) {
    EXPECT_TRUE(is_image_reference(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string(" "), std::string(" agent"), std::string("agent "),
                                 std::string("Agent"), std::string("agent:"), std::string("agent:-1"),
                                 std::string("/agent"), std::string("agent/"), std::string("a//b"), std::string("a..b"),
                                 std::string("agent@sha256:00"), std::string("agent@md5:") + std::string(64, 'a'),
                                 std::string("http://r/agent"), "agent:" + std::string(129, 'a'), std::string(256, 'a'),
                                 std::string("a\nb"), std::string("r.example:x/agent"), digest}) {
    EXPECT_FALSE(is_image_reference(bad)) << bad;
  }
}

}  // namespace
}  // namespace injector
