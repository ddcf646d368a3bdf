use super::{Additional, Definition, Place, Visit, walk};
use crate::manifest::{self, ManifestFile};

fn read(text: &str) -> ManifestFile {
    let file = manifest::read("crd.yaml".parse().expect("a path"), text.as_bytes());
    assert_eq!(file.problems, []);
    file
}

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets, shortNames: [wd]}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, nullable: null}
                names: {type: array, items: {type: string, maxLength: 5}}
                labels: {type: object, additionalProperties: {type: string}}
              anyOf:
                - required: [names]
                - not: {required: [labels]}
";

#[test]
fn a_definition_knows_its_names_and_versions() {
    let file = read(CRD);
    let definition = Definition::of(&file.objects[0]).expect("it is one");
    assert_eq!((definition.group(), definition.scope()), (Some("example.org"), Some("Namespaced")));
    assert_eq!(
        (definition.singular().as_deref(), definition.list_kind().as_deref()),
        (Some("widget"), Some("WidgetList"))
    );
    assert_eq!(definition.short_names().map(|(name, _)| name).collect::<Vec<_>>(), ["wd"]);
    let version = definition.version("v1").expect("it is there");
    assert!(version.is_served() && version.is_stored() && !definition.preserves_unknown_fields());
    assert_eq!(
        (version.called(), version.field("served")),
        ("version `v1`".to_owned(), "spec.versions[0].served".to_owned())
    );
    assert_eq!(definition.nearest(&["names", "listKind"]).start.line, 7);
    let spec = version.schema().and_then(|root| root.property("spec")).expect("a field");
    assert!(spec.requires("size") && !spec.property("size").expect("it is there").is_nullable());
    assert!(spec.property("size").expect("it is there").get("nullable").is_none(), "null is nothing");
    let labels = spec.property("labels").and_then(|labels| labels.additional());
    assert!(matches!(labels, Some(Additional::Schema(values)) if values.type_name() == Some("string")));
}

#[test]
fn others_are_no_definitions() {
    for (from, to) in
        [("kind: CustomResourceDefinition", "kind: Other"), ("io/v1\n", "io/v1beta1\n"), ("k8s.io", "example.org")]
    {
        let file = read(&CRD.replacen(from, to, 1));
        assert!(Definition::of(&file.objects[0]).is_none(), "{to}");
    }
}

#[test]
fn every_schema_is_visited_with_its_path_and_place() {
    let file = read(CRD);
    let version =
        Definition::of(&file.objects[0]).and_then(|definition| definition.version("v1")).expect("it is there");
    let mut seen = Vec::new();
    walk(version.schema().expect("a schema"), "x", &mut |at: &Visit<'_>| {
        let Place { root, joined, item, additional } = at.place;
        let marks = [(root, 'r'), (joined, 'j'), (item, 'i'), (additional, 'a')];
        let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        seen.push(format!("{} {} {marks}", at.path, at.field));
    });
    insta::assert_snapshot!(seen.join("\n"), @r"
    x  r
    x.properties[spec] spec 
    x.properties[spec].properties[size] spec.size 
    x.properties[spec].properties[names] spec.names 
    x.properties[spec].properties[names].items spec.names.* i
    x.properties[spec].properties[labels] spec.labels 
    x.properties[spec].properties[labels].additionalProperties spec.labels.* a
    x.properties[spec].anyOf[0] spec j
    x.properties[spec].anyOf[1] spec j
    x.properties[spec].anyOf[1].not spec j
    ");
}
