use proptest::prelude::*;

use super::{Reading, Scope, Wanted, read};
use crate::manifest::{self, Node};
use crate::schema::Schema;

/// A field of every kind that CEL tells apart.
const SCHEMA: &str = "
type: object
properties:
  i: {type: integer}
  d: {type: number}
  s: {type: string}
  t: {type: string, format: date-time}
  u: {type: string, format: duration}
  y: {type: string, format: byte}
  x: {x-kubernetes-int-or-string: true}
  l: {type: array, items: {type: integer}}
  o: {type: object, properties: {a: {type: string}, n-m: {type: integer}}}
  lo: {type: array, items: {type: object, properties: {a: {type: string}}}}
  m: {type: object, additionalProperties: {type: integer}}
  p: {type: object, x-kubernetes-preserve-unknown-fields: true}
  q: {x-kubernetes-preserve-unknown-fields: true}
  namespace: {type: string}
";

fn node(yaml: &str) -> Node {
    let mut file = manifest::read("schema.yaml".parse().expect("a path"), yaml.as_bytes());
    assert_eq!(file.problems, []);
    file.documents.remove(0)
}

fn judged(expression: &str, resource: bool, wanted: Wanted) -> Reading {
    let schema = node(SCHEMA);
    read(expression, Scope { schema: Schema::new(&schema), resource, optional_old_self: false }, wanted)
}

/// What a cluster compiles; told by the API server's own code, Kubernetes 1.37.
#[test]
fn what_compiles_has_no_fault() {
    for expression in [
        "self.i > 1 && self.d > 1 || !(self.s == 'a')",
        "!!true && --1 == 1 && !!!false && -self.i < 0",
        "has(self.o.a) ? self.o.a.startsWith('x') : self.o.n__dash__m > 0",
        "self.x == 1 || self.x == 'a' || type(self.x) == string",
        "self.l.all(v, v > 0) && self.l.exists_one(v, v == 1) && self.l.map(v, v > 1, v * 2).sum() > 0",
        "self.m.all(k, k.size() > 0) && self.m['a'] == self.m.b && 'c' in self.m",
        "self.m.all(k, v, v > 0) && self.l.transformList(i, v, i + v).size() > 0",
        "self.lo.filter(e, e.a != '').map(e, e.a).join(',').size() < 9",
        "self.t > timestamp('2024-01-01T00:00:00Z') - self.u && self.t.getHours() > 1",
        "self.y == b'a' && size(self.y) > 0",
        "self.?o.?a.orValue('') == '' && self.?i.hasValue() && self.l[?0].orValue(1) == 1",
        "optional.of(1).optMap(v, v + 1).value() == 2",
        "quantity('1Gi').isGreaterThan(quantity('1')) && url('https://a').getScheme() == 'https'",
        "cidr('10.0.0.0/8').containsIP('10.0.0.1') && ip('::1').family() == 6 && sets.contains(self.l, [1])",
        "!format.dns1123Label().validate(self.s).hasValue() && semver('1.2.3').major() == 1",
        "self.o == oldSelf.o && self.o != null && [] == self.l && {} == self.m",
        r#"self.s in ["a", r'\d', """b "c" """] // and so on"#,
        "self.s.matches('^[a-z]{1,63}$') && '%s'.format([self.i]) == 'a'",
        "self.__namespace__ == 'a' && 0x1F == 31 && 1u < 2u && .5 < 1e3",
        "dyn(self.i) == 'a' && self.l.sortBy(e, -e).isSorted()",
        "'\\u00e9\\x41\\101\\n' == 'a' && self.i == -9223372036854775808",
        "self.namespace == 'a' && has(self.namespace)",
        "[[], [1]].size() == 2 && [{}, {'a': 1}].size() == 2 && [self.x, self.x].size() == 2 && [null, null].size() == 2",
        "[?self.?s, 'a'].size() == 1 && {?'a': self.?s}.size() == 0 && [optional.of(1), optional.none()].size() == 2",
        "'%s %d %%'.format(['a', 1]) == 'a' && '%s'.format([[1, 'a']]) == 'a' && '%.3f'.format([1.0]) == 'a'",
        "'%d'.format([self.x]) == 'a' && '%s'.format([self.lo]) == 'a' && '%x'.format([self.y]) == 'a'",
        "'%b'.format([true]) == 'a' && '%d'.format(['a'] + ['b']) == 'a' && '%s'.format([dyn(self.o)]) == 'a'",
        "timestamp(1) == self.t && duration('-1.5h') < self.u && int('12') == 12 && bool('t') && double('1e3') > double('1_0')",
        "uint(-(1)) == 1u && int(true ? 'x' : 'y') == 1 && '('.matches(self.s) && self.s.matches('a' + '(')",
        "self.lo.sortBy(e, e.a).size() > 0 && dyn(self.l).sortBy(e, e).size() > 0 && self.l.sortBy(e, self.x).size() > 0",
        "'\\ud7ff\\U0010ffff' == self.s && b'\\xff' == self.y && r'\\ud800' == self.s",
    ] {
        assert_eq!(judged(expression, false, Wanted::Bool).faults, [] as [String; 0], "{expression}");
    }
    let root = "self.metadata.name.size() < 9 && self.kind == 'A' && self.apiVersion != '' && self.metadata.generateName == ''";
    assert_eq!(judged(root, true, Wanted::Bool).faults, [] as [String; 0]);
    assert_eq!(judged("'a' + string(self.i)", false, Wanted::String).faults, [] as [String; 0]);
}

fn assert_one_fault(expression: &str, words: &str) {
    let faults = judged(expression, false, Wanted::Bool).faults;
    assert!(faults.len() == 1 && faults[0].starts_with(words), "{expression}: {faults:?}");
}

/// What a cluster refuses because of what is written out; by cel-go v0.26 as Kubernetes 1.36 has it.
#[test]
fn literals_that_do_not_fit_have_a_fault() {
    for (expression, words) in [
        ("[1, 'a'].size() == 2", "has a whole number and a text in a list"),
        ("{'a': 1, 'b': 'x'}.size() == 2", "has a whole number and a text in the values of a map"),
        ("{'a': 1, 1: 1}.size() == 2", "has a text and a whole number in the keys of a map"),
        ("self.s in ['a', 1]", "has a text and a whole number in a list"),
        ("[1, 2.0].size() == 2", "has a whole number and a number in a list"),
        ("[null, 'a'].size() == 2", "has null and a text in a list"),
        ("[null, self.u].size() == 2", "has null and a duration in a list"),
        ("[self.i, self.s].size() == 2", "has a whole number and a text in a list"),
        ("[1, self.x].size() == 2", "has a whole number and anything in a list"),
        ("[[], ['a'], [1]].size() == 3", "has a list and a list in a list"),
        ("int(9223372036854775808.0) == 1", "calls `int` with the literal"),
        ("int(string(1.5)) == 1", "calls `int` with the literal"),
        ("[[1], ['a']].size() == 2", "has a list and a list in a list"),
        ("[self.o, self.lo[0]].size() == 2", "has an object and an object in a list"),
        ("[?self.s].size() == 0", "has `?` before a text"),
        ("[?self.x].size() == 0", "has `?` before anything"),
        ("{?'a': self.s}.size() == 0", "has `?` before a text"),
        ("self.t > timestamp('2020-01-01')", "calls `timestamp` with the literal `2020-01-01`"),
        ("self.u == duration('1d')", "calls `duration` with the literal `1d`"),
        ("timestamp(99999999999999) == self.t", "calls `timestamp` with the literal"),
        ("int('x') == 1", "calls `int` with the literal `x`"),
        ("uint(-1) == 1u", "calls `uint` with the literal"),
        ("int(1e30) == 1", "calls `int` with the literal"),
        ("duration(string('x')) == self.u", "calls `duration` with the literal"),
        ("bool('tRUE')", "calls `bool` with the literal"),
        ("double('0x10') == 1.0", "calls `double` with the literal"),
        ("self.s.find('(') == 'a'", "has a pattern that"),
        ("self.s.findAll('[') == ['a']", "has a pattern that"),
        ("self.s.findAll('[', 1) == ['a']", "has a pattern that"),
        ("matches('(', self.s)", "has a pattern that"),
        ("self.s.matches(string('('))", "has a pattern that"),
        ("'%d'.format(['a']) == '1'", "has `%d` in a format for a text"),
        ("'%d %d'.format([1]) == '1'", "has a format for more than the 1 values"),
        ("'%s'.format(['a', 'b']) == 'a'", "has a format for 1 values, but is given 2"),
        ("'%q'.format([self.i]) == '1'", "has `%q` in a format"),
        ("'%ä'.format([self.i]) == '1'", "has `%?` in a format"),
        ("'%'.format([]) == ''", "has a format that ends behind `%`"),
        ("'%.f'.format([1.0]) == ''", "has a format with a precision"),
        ("'%.3'.format([1.0]) == ''", "has a format with a precision"),
        ("'%s'.format([self.o]) == '1'", "has `%s` in a format for an object"),
        ("'%s'.format([[self.o]]) == '1'", "has `%s` in a format for an object"),
        ("'%s'.format([self.?s]) == '1'", "has `%s` in a format for an optional value"),
        ("self.lo.sortBy(e, e).size() > 0", "sorts by an object"),
        ("self.m.sortBy(e, e).size() > 0", "uses `sortBy` on a map"),
        (r"'\ud800' == self.s", "has an escape that stands for no character"),
        (r"b'\u00e9' == self.y", "has a text that does not end, or has an escape"),
    ] {
        assert_one_fault(expression, words);
    }
}

/// What a cluster refuses; each by the same source.
#[test]
fn what_does_not_compile_has_a_fault() {
    for (expression, words) in [
        ("self.i >", "ends too early"),
        ("self.i = 1", "has `=`, which CEL does not know"),
        ("self.i 1", "has a number where none can stand"),
        ("(self.i > 1", "ends too early"),
        ("!-self.i", "has `-` where it cannot stand"),
        ("'a", "has a text that does not end"),
        (r"'\q' == 'a'", "has a text that does not end, or has an escape"),
        ("9223372036854775808 > 1", "has a whole number that does not fit"),
        ("namespace == 'a'", "uses `namespace` as a name"),
        ("self.in == 1", "has `in` where it cannot stand"),
        ("self.z == 1", "uses the field `z`"),
        ("self.q == 1", "uses the field `q`"),
        ("self.p.a == 1", "uses the field `a`"),
        ("self.namespaces == 'a'", "uses the field `namespaces`"),
        ("self.metadata.name == 'a'", "uses the field `metadata`"),
        ("has(self.o.z)", "uses the field `z`"),
        ("self.i.a == 1", "takes the field `a` of a whole number"),
        ("name == 'a'", "uses `name`, which is not declared"),
        ("self.l.all(v, v > 0) && v > 0", "uses `v`, which is not declared"),
        ("foo(self.i)", "calls `foo`"),
        ("self.s.lower() == 'a'", "calls `lower`"),
        ("self.s.size(1) == 1", "uses `size` with what it is not for"),
        ("self.i == 'a'", "uses `==` with what it is not for: a whole number, a text"),
        ("self.s == null", "uses `==`"),
        ("self.s + 1 == 'a'", "uses `+`"),
        ("self.i && true", "uses `&&`"),
        ("self.m[1] == 1", "uses an index"),
        ("self.l.all(v.a, true)", "has a macro whose variable is no plain name"),
        ("self.l.all(v, v)", "has a whole number in `all` where true or false has to stand"),
        ("self.s.all(v, true)", "goes over a text"),
        ("has(self)", "asks `has` for something that is no field"),
        ("self.s.matches('(?!a)')", "has a pattern that has a `(?`"),
        ("self.`n-m` == 1", "has a name in backticks"),
        ("self.i", "gives a whole number, but has to give true or false"),
        ("self.l.map(v, v > 0)", "gives a list"),
    ] {
        assert_one_fault(expression, words);
    }
    assert_eq!(judged("self.i", false, Wanted::String).faults, ["gives a whole number, but has to give a text"]);
    assert_eq!(judged("self.metadata.labels == {}", true, Wanted::Bool).faults.len(), 1);
}

#[test]
fn old_self_is_found_where_it_is_not_another_variable() {
    for (expression, uses) in
        [("self.i >= oldSelf.i", true), ("self.l.all(oldSelf, oldSelf > 1)", false), ("self.s == 'oldSelf'", false)]
    {
        assert_eq!(judged(expression, false, Wanted::Bool).uses_old_self, uses, "{expression}");
    }
}

#[test]
fn endless_nesting_is_left_to_the_server() {
    let deep = format!("{}oldSelf.i > 1{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(judged(&deep, false, Wanted::Bool), Reading { faults: Vec::new(), uses_old_self: true });
    let signs = format!("{}true", "!".repeat(20_000));
    assert_eq!(judged(&signs, false, Wanted::Bool).faults, [] as [String; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_read_without_panic(
        text in r#"(self|oldSelf|\.|\?|\[|\]|\(|\)|\{|\}|,|:|a|all|has|[0-9]{1,3}|0x|e|u|'|"|\\|r|b|`|//|\n| |é|&&|\+|-|!|in|true){0,40}"#,
    ) {
        judged(&text, true, Wanted::Bool);
    }
}
