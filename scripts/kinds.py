"""Makes src/schema/builtin/kinds.txt, the table of Kubernetes' own kinds, from the descriptions of its API.

Usage: python3 scripts/kinds.py SWAGGER... > src/schema/builtin/kinds.txt

Each SWAGGER is api/openapi-spec/swagger.json of one minor version of Kubernetes, in the order of the versions, in a
folder or file whose name holds the version (v1.34.4.json). They are in the Go module k8s.io/kubernetes:

    go mod download -json k8s.io/kubernetes@v1.34.4   # then unzip api/openapi-spec/swagger.json from its Zip

The table takes over names and types, and no descriptions.
"""

import json
import re
import sys

FORMATS = {"int32": "int32", "int64": "int64", "double": "number", "byte": "bytes"}
# Types that the decoder reads in a way of its own, or that another rule judges.
LEAVES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
}
# Judged field by field by the rules of the family crd/.
DEFINITION = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions."


def minor(path):
    return int(re.search(r"v1\.(\d+)\.\d+", path).group(1))


def short(name):
    return name.removeprefix("io.k8s.api.").removeprefix("io.k8s.apimachinery.pkg.apis.")


def type_of(schema, uses):
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        if name in LEAVES:
            return LEAVES[name]
        if name.startswith(DEFINITION):
            return "any"
        uses.append(name)
        return short(name)
    kind = schema.get("type", "any")
    if kind == "array":
        keys = schema.get("x-kubernetes-list-map-keys") if schema.get("x-kubernetes-list-type") == "map" else None
        marker = "[" + ",".join(keys or []) + "]"
        if schema.get("x-kubernetes-list-type") == "set":
            marker = "[=]"
        return marker + type_of(schema["items"], uses)
    if kind == "object":
        inner = schema.get("additionalProperties")
        return "{}" + type_of(inner, uses) if inner else "object"
    if schema.get("format") == "int-or-string":
        return "int-or-string"
    if schema.get("format") == "date-time":
        return "time"
    return FORMATS.get(schema.get("format"), kind)


class Span:
    """In which of the versions something is there."""

    def __init__(self):
        self.versions = set()

    def text(self, whole):
        if self.versions == whole:
            return ""
        first, last = min(self.versions), max(self.versions)
        if self.versions != {version for version in whole if first <= version <= last}:
            raise SystemExit(f"comes and goes: {sorted(self.versions)}")
        return f" {first if first != min(whole) else ''}-{last if last != max(whole) else ''}"


def read(path, kinds, types, version):
    api = json.load(open(path, encoding="utf-8"))
    stored = {}
    for url, operations in api["paths"].items():
        post = operations.get("post", {})
        kind = post.get("x-kubernetes-group-version-kind")
        is_subresource = re.search(r"\{name\}", url)
        if kind and post.get("x-kubernetes-action") == "post" and not is_subresource:
            stored[(kind["group"], kind["version"], kind["kind"])] = "{namespace}" in url
    roots = []
    for name, schema in api["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            key = (kind["group"], kind["version"], kind["kind"])
            if key not in stored or not schema.get("properties", {}).get("metadata"):
                continue
            entry = kinds.setdefault(key, {"span": Span(), "type": short(name), "namespaced": stored[key]})
            entry["span"].versions.add(version)
            if not name.startswith(DEFINITION):
                roots.append(name)
    take(api["definitions"], roots, types, version)


def take(definitions, roots, types, version):
    seen, waiting = set(roots), list(roots)
    while waiting:
        name = waiting.pop()
        schema = definitions[name]
        entry = types.setdefault(short(name), {})
        for field, inner in schema.get("properties", {}).items():
            uses = []
            # What stands under status is not what anybody asks for.
            is_status = name in roots and field == "status"
            kind = "any" if is_status else type_of(inner, uses)
            required = field in schema.get("required", []) and not is_status
            entry.setdefault((field, kind, required), Span()).versions.add(version)
            for use in uses:
                if use not in seen:
                    seen.add(use)
                    waiting.append(use)
        if not schema.get("properties"):
            entry.setdefault((None, None, None), Span()).versions.add(version)


def main(paths):
    kinds, types, whole = {}, {}, set()
    for path in paths:
        version = minor(path)
        whole.add(version)
        read(path, kinds, types, version)
    print(f"# Kubernetes' own kinds, 1.{min(whole)} to 1.{max(whole)}, made by scripts/kinds.py from its")
    print("# api/openapi-spec/swagger.json (Apache-2.0). A span such as 30- or -31 says in which minor versions it is there.")
    print(f"versions {min(whole)} {max(whole)}")
    for (group, version, kind), entry in sorted(kinds.items()):
        api = f"{group}/{version}" if group else version
        scope = "namespaced" if entry["namespaced"] else "cluster"
        kind_type = "any" if entry["type"].startswith(DEFINITION) else entry["type"]
        print(f"kind {api} {kind} {scope} {kind_type}{entry['span'].text(whole)}")
    for name, fields in sorted(types.items()):
        print(f"type {name}")
        for (field, kind, required), span in sorted(fields.items(), key=lambda it: str(it[0])):
            if field is not None:
                there = set(whole) if not span.text(whole) else span.versions
                print(f"  {field}{'!' if required else ''} {kind}{span.text(whole) if there != whole else ''}")


main(sys.argv[1:])
