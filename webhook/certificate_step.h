#pragma once

#include <optional>
#include <string>
#include <vector>

#include "webhook/certificate.h"

namespace injector {

// What keeping a certificate depends on, and nothing else.
struct CertificateState {
  // Of the Secret; empty where that has no certificate and key for the service, or what is none.
  std::optional<Leaf> stored;
  // The caBundle of each entry of the webhook configuration, as PEM.
  std::vector<std::string> bundles;
  // What the server was given.
  std::optional<Leaf> served;
  // What was made here and is not stored yet.
  std::optional<Leaf> made;
};

// What is to be done next. After each step but wait one looks again: another replica may have been faster.
struct CertificateStep {
  enum class Kind {
    make,   // a new leaf
    pin,    // let the API server trust it: `bundle` becomes the caBundle of every entry
    store,  // write `leaf` into the Secret
    serve,  // give `leaf` to the server
    wait,   // until `until`, or until something changes
  };
  Kind kind = Kind::wait;
  Leaf leaf;
  std::string bundle;
  Time until = 0;

  bool operator==(const CertificateStep&) const = default;
};

// Decides. The server gets a leaf only when the Secret has it and every entry trusts it; one that may still be served
// by another replica stays trusted until it expires. Of what expired, or is no certificate, no bundle keeps anything.
CertificateStep next_step(const CertificateState& state, Time now);

}  // namespace injector
