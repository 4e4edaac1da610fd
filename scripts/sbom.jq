# The SPDX document of an image, for scripts/sbom, from tables with a row a line and tabs between the columns.
def table: split("\n") | map(select(. != "") | split("\t"));
def purl($locator): [{referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: $locator}];
def package($id; $name; $version; $licence): {
  SPDXID: $id, name: $name, versionInfo: $version, licenseDeclared: $licence, licenseConcluded: "NOASSERTION",
  copyrightText: "NOASSERTION", downloadLocation: "NOASSERTION", filesAnalyzed: false
};
def sha256($digest): [{algorithm: "SHA256", checksumValue: $digest}];
def related($from; $how; $to): {spdxElementId: $from, relationshipType: $how, relatedSpdxElement: $to};
# the terms of an expression, and the expression of terms, each of them once
def terms: [splits(" AND (?=[^()]*([(]|$))")];
def all_of: unique | map(if test(" OR ") and (startswith("(") | not) then "(\(.))" else . end) | join(" AND ");

($linked | table | to_entries | map(.value as [$name, $version, $licence, $locator] |
  package("SPDXRef-Linked-\(.key)"; $name; $version; $licence) + {externalRefs: purl($locator)})) as $parts |
($artifacts | table | to_entries | map(.value as [$digest, $locator, $file] |
  ($locator | capture("^pkg:[^/]+/(?<name>[^?#]+)@(?<version>[^@?#]+)")) as $of |
  package("SPDXRef-Artifact-\(.key)"; $of.name | gsub("%40"; "@"); $of.version; "NOASSERTION") +
  {packageFileName: $file, checksums: sha256($digest), externalRefs: purl($locator)})) as $carried |
($fallback.entries // [] | map(select(.type == "file")) | to_entries | map(
  package("SPDXRef-Fallback-\(.key)"; "injector-fallback"; $number; "Apache-2.0") +
  {packageFileName: "/fallback/payload/\(.value.path)", checksums: sha256(.value.sha256)})) as $standing_in |
{
  spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", name: $image,
  creationInfo: {created: $created, creators: ["Tool: injector-sbom"]},
  packages: ([
    package("SPDXRef-Image"; $image; $version;
            (["Apache-2.0"] + ($licences | terms) + ($parts | map(.licenseDeclared)) | all_of)) +
      {primaryPackagePurpose: "CONTAINER"},
    package("SPDXRef-Program"; $program; $number; "Apache-2.0") +
      {primaryPackagePurpose: "APPLICATION", packageFileName: "/\($program)", checksums: sha256($digest)}
  ] + $standing_in + $parts + $carried),
  relationships: ([
    related("SPDXRef-DOCUMENT"; "DESCRIBES"; "SPDXRef-Image"),
    related("SPDXRef-Image"; "CONTAINS"; "SPDXRef-Program")
  ] + ($standing_in | map(related("SPDXRef-Image"; "CONTAINS"; .SPDXID))) + ($parts | map(related("SPDXRef-Program"; "STATIC_LINK"; .SPDXID))) +
      ($carried | map(related("SPDXRef-Image"; if $compiled then "GENERATED_FROM" else "CONTAINS" end; .SPDXID))))
}
