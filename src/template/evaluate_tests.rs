//! Tests of evaluation as a whole.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::{Source, Span};
use crate::template::{
    Condition, Context, Engine, Evaluated, FileOptions, Found, NoLookups, Options,
};
use crate::value::{FaultKind, Value};
use crate::yaml::{Kind, Node, Style, Tag};

fn node(text: &str) -> Node {
    let source = Source::new("test.yml", text);
    Node { kind: Kind::Str(text.into(), Style::Plain), tag: Tag::None, span: Span::whole(&source) }
}

fn map(entries: &[(&str, Node)]) -> Node {
    let entries: Vec<(Node, Node)> =
        entries.iter().map(|(key, value)| (node(key), value.clone())).collect();
    Node { kind: Kind::Map(entries.into()), ..node("") }
}

fn list(items: &[Node]) -> Node {
    Node { kind: Kind::Seq(items.into()), ..node("") }
}

fn context(vars: &[(&str, Found)]) -> Context {
    let scope: BTreeMap<String, Found> =
        vars.iter().map(|(name, found)| ((*name).to_owned(), found.clone())).collect();
    Engine::default().context(Arc::new(scope), Arc::new(NoLookups))
}

fn template(text: &str) -> Found {
    Found::Template(node(text))
}

fn data(value: impl Into<Value>) -> Found {
    Found::Data(value.into())
}

fn world() -> Context {
    let inner = map(&[("used", node("{{ port }}")), ("broken", node("{{ nowhere }}"))]);
    context(&[
        ("port", data(80)),
        ("name", data("web")),
        ("evil", data("{{ port }}")),
        ("url", template("http://{{ name }}:{{ port }}/")),
        ("big", Found::Template(inner)),
        ("a", template("{{ b }}")),
        ("b", template("{{ a }}")),
        ("items", data(vec![1, 2, 3])),
        ("result", data(Value::unknown("the output of `id`"))),
        (
            "partly",
            data(Value::map([
                ("rc", Value::unknown("the output of `id`")),
                ("cmd", Value::from("id")),
            ])),
        ),
        ("list", Found::Template(list(&[node("x"), node("{{ name }}")]))),
    ])
}

fn check(text: &str, want: &str) {
    match world().value(&node(text)) {
        Ok(Evaluated::Known(value)) => {
            assert_eq!(crate::value::repr(&value).unwrap(), want, "{text}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

fn fails(text: &str, kind: FaultKind, message: &str) {
    let error = world().value(&node(text)).unwrap_err();
    assert_eq!(error.kind(), kind, "{text}: {error}");
    assert_eq!(error.to_string(), message, "{text}");
}

#[test]
fn single_expressions_keep_their_type() {
    check("{{ port }}", "80");
    check("{{ items }}", "[1, 2, 3]");
    check("p{{ port }}", "'p80'");
    check("{{ 1 }}{{ none }}", "1");
    check("{% if port %}{{ items }}{% endif %}", "[1, 2, 3]");
    check("{{ '[1, 2]' }}", "'[1, 2]'");
    check("{{ port }}\n", "80");
    check("{{ name }}\n\n", "'web\\n\\n'");
    check("no template", "'no template'");
}

#[test]
fn variables_are_rendered_when_used() {
    check("{{ url }}", "'http://web:80/'");
    check("{{ big.used }}", "80");
    check("{{ big | type_debug }}", "'dict'");
    check("{{ list }}", "['x', 'web']");
    fails("{{ big.broken }}", FaultKind::Undefined, "test.yml:1:4: `nowhere` is undefined");
}

#[test]
fn data_is_never_a_template() {
    check("{{ evil }}", "'{{ port }}'");
    check("{{ evil ~ '' }}", "'{{ port }}'");
}

#[test]
fn undefined_values_reach_a_default_and_nothing_else() {
    check("{{ nowhere.at.all | default('x') }}", "'x'");
    check("{{ true | ternary('yes', nowhere | join(', ')) }}", "'yes'");
    check("{{ nowhere | ternary('yes', 'no') | default('x') }}", "'x'");
    check("{{ big.nothing['x'] | default('x') }}", "'x'");
    check("{{ lookup('env', nowhere) | default('x') }}", "'x'");
    check("{{ nowhere is defined }}", "False");
    check("{{ [nowhere] | type_debug }}", "'list'");
    fails("{{ nowhere == 1 }}", FaultKind::Undefined, "test.yml:1:4: `nowhere` is undefined");
    fails("{{ big.uesd }}", FaultKind::Undefined, "test.yml:1:4: a dict has no `uesd`");
    let error = world().value(&node("{{ prot }}")).unwrap_err();
    assert_eq!(error.diagnostic().help, ["did you mean `port`?"]);
}

#[test]
fn a_variable_made_from_itself_is_told() {
    let error = world().value(&node("{{ a }}")).unwrap_err();
    assert_eq!(error.kind(), FaultKind::Loop);
    assert_eq!(error.diagnostic().notes, ["`a` needs `b` needs `a`"]);
}

#[test]
fn templates_may_change_lists_and_mappings() {
    check("{% set x = [] %}{% set _ = x.append(1) %}{% set _ = x.append(2) %}{{ x }}", "[1, 2]");
    check("{% set _ = items.append(4) %}{{ items }}", "[1, 2, 3, 4]");
    check(
        "{% set x = {'a': []} %}{% set _ = x.a.append(1) %}{% set _ = x.update({'b': 2}) %}{{ x }}",
        "{'a': [1], 'b': 2}",
    );
    check("{% set _ = list.insert(0, 'new') %}{{ list }}", "['new', 'x', 'web']");
    check("{% set x = items %}{% set y = [x.pop(), x.pop(0)] %}{{ y }}", "[3, 1]");
}

#[test]
fn unknown_values_pass_through() {
    for text in [
        "{{ result }}",
        "{{ result.stdout }}",
        "a {{ result }}",
        "{{ result == 1 }}",
        "{{ partly.rc + 1 }}",
        "{{ not result }}",
    ] {
        match world().value(&node(text)).unwrap() {
            Evaluated::Unknown(reasons) => {
                assert_eq!(reasons[0].reason(), "the output of `id`", "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    check("{{ result is defined }}", "True");
    check("{{ partly.cmd }}", "'id'");
    check("{{ [result] | type_debug }}", "'list'");
    match world().value(&node("{{ partly }}")).unwrap() {
        Evaluated::Partly(value, _) => assert_eq!(value.get("cmd"), Some(&Value::from("id"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn conditions() {
    let holds = |text: &str| world().condition(&node(text)).unwrap();
    assert_eq!(holds("port == 80 and name is defined"), Condition::Yes);
    assert_eq!(holds("port > 100 or not items"), Condition::No);
    assert!(matches!(holds("result is defined and partly.rc == 0"), Condition::Unknown(_)));
    assert_eq!(holds("partly.rc == 0 and port == 81"), Condition::No);
    assert_eq!(holds("partly.rc == 0 or port == 80"), Condition::Yes);
    assert_eq!(holds("{{ port }}"), Condition::Yes);
    assert_eq!(holds("'{{ name }}' == 'web'"), Condition::Yes);
    assert!(world().condition(&node("nowhere")).is_err());
    let strict = Engine::new(Options { strict_conditions: true });
    let strict = strict.context(Arc::new(crate::template::NoVars), Arc::new(NoLookups));
    assert_eq!(strict.condition(&node("[1]")).unwrap_err().kind(), FaultKind::Value);
}

#[test]
fn a_condition_need_not_be_a_boolean_but_is_warned_of_once() {
    let engine = Engine::default();
    let text = node("[1]");
    for _host in 0..2 {
        let context = engine.context(Arc::new(crate::template::NoVars), Arc::new(NoLookups));
        assert_eq!(context.condition(&text).unwrap(), Condition::Yes);
    }
    let warnings = engine.take_warnings();
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["test.yml:1:1: this condition gives a list instead of true or false, and counts as true"]
    );
    assert_eq!(engine.take_warnings(), []);
}

#[test]
fn files_show_unknown_parts_as_marks() {
    let source = Source::new(
        "a.j2",
        "#jinja2: lstrip_blocks: True\nid={{ partly.rc }}\n  {% if port %}\nport {{ port }}\n  {% endif %}\n{% if result %}x{% endif %}\n",
    );
    let rendered = world().file(&source, &FileOptions::default()).unwrap();
    assert_eq!(
        rendered.text,
        "id=«unknown: the output of `id`»\nport 80\n«unknown: the output of `id`»\n"
    );
    assert_eq!(rendered.unknown.len(), 1);
    let broken = Source::new("b.j2", "#jinja2: trim_blocks: False\nok\n{{ nowhere }}\n");
    let error = world().file(&broken, &FileOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "b.j2:3:4: `nowhere` is undefined");
}

#[test]
fn macros_loops_and_namespaces() {
    check(
        "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, b=3) }}",
        "'1-2 1-3'",
    );
    check("{% for i in items %}{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}", "'1,2,3'");
    check("{% for i in items if i > 1 %}{{ i }}{% else %}none{% endfor %}", "'23'");
    check(
        "{% for i in items: %}{% if i == 1: %}a{% elif i == 2: %}b{% else: %}c{% endif %}{% else: %}none{% endfor %}",
        "'abc'",
    );
    check("{% macro f(): %}q{% endmacro %}{% set z: %}{{ f() }}{% endset %}{{ z }}", "'q'");
    check(
        "{% set ns = namespace(n=0) %}{% for i in items %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
        "6",
    );
    check("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "'a1'");
    check(
        "{% for x in [1, [2, [3]]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}",
        "'123'",
    );
    check("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}", "'[x]'");
    check("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1");
    check("{% for i in items %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "1");
}

#[test]
fn ranges_are_lists() {
    check("{{ range(3) }}", "[0, 1, 2]");
}

#[test]
fn dates_become_text() {
    check("{{ '2024-01-02 03:04:05' | to_datetime }}", "'2024-01-02 03:04:05'");
    check("{{ ('2024-01-02 03:04:05' | to_datetime).month }}", "1");
}

#[test]
fn addresses() {
    let list = "['192.24.2.1', 'host.fqdn', '::1', '192.168.32.0/24', 'fe80::100/10', true, '', '42540766412265424405338506004571095040/64']";
    let all = |filter: &str, want: &str| check(&format!("{{{{ {list} | {filter} }}}}"), want);
    all(
        "ansible.utils.ipaddr",
        "['192.24.2.1', '::1', '192.168.32.0/24', 'fe80::100/10', '2001:db8:32c:faad::/64']",
    );
    all("ansible.utils.ipv4", "['192.24.2.1', '192.168.32.0/24']");
    all("ipv6", "['::1', 'fe80::100/10', '2001:db8:32c:faad::/64']");
    all(
        "ansible.netcommon.ipaddr('address')",
        "['192.24.2.1', '::1', 'fe80::100', '2001:db8:32c:faad::']",
    );
    all("ipaddr('host')", "['192.24.2.1/32', '::1/128', 'fe80::100/10']");
    all("ipaddr('public')", "['192.24.2.1', '2001:db8:32c:faad::/64']");
    all("ipaddr('private')", "['192.168.32.0/24', 'fe80::100/10']");
    all("ipaddr('net')", "['192.168.32.0/24', '2001:db8:32c:faad::/64']");
    all("ipaddr('net') | ipaddr('size')", "[256, 18446744073709551616]");
    all("ipaddr('192.0.0.0/8')", "['192.24.2.1', '192.168.32.0/24']");
    all("ipaddr('net') | ipaddr('0')", "['192.168.32.0/24', '2001:db8:32c:faad::/64']");
    all("ipaddr('net') | ipaddr(1)", "['192.168.32.1/24', '2001:db8:32c:faad::1/64']");
    all(
        "ipaddr('net') | ipaddr('-1')",
        "['192.168.32.255/24', '2001:db8:32c:faad:ffff:ffff:ffff:ffff/64']",
    );
    all("ipaddr('net') | ipaddr('400')", "['2001:db8:32c:faad::190/64']");
    all("ipv4('ipv6')", "['::ffff:192.24.2.1/128', '::ffff:192.168.32.0/120']");
    all("ipv6('ipv4')", "['0.0.0.1/32']");
    all(
        "ipwrap",
        "['192.24.2.1', 'host.fqdn', '[::1]', '192.168.32.0/24', '[fe80::100]/10', True, '', '[2001:db8:32c:faad::]/64']",
    );
    let one = |value: &str, filter: &str, want: &str| {
        check(&format!("{{{{ '{value}' | {filter} }}}}"), want);
    };
    one("localhost", "ipaddr", "False");
    one("192.0.2.48/24", "ipaddr('host/prefix')", "'192.0.2.48/24'");
    one("192.0.2.48/24", "ipaddr('network')", "'192.0.2.0'");
    one("192.0.2.48/24", "ipaddr('netmask')", "'255.255.255.0'");
    one("192.0.2.48/24", "ipaddr('broadcast')", "'192.0.2.255'");
    one("192.0.2.48/24", "ipaddr('subnet')", "'192.0.2.0/24'");
    one("192.0.2.48/24", "ipaddr('prefix')", "24");
    one("192.168.0.0/255.255.255.0", "ipaddr('net')", "'192.168.0.0/24'");
    one("192.168.0.11/255.255.255.0", "ipaddr('network/prefix')", "'192.168.0.0/24'");
    one("193.0.2.0", "ipaddr('6to4')", "'2002:c100:0200::1/48'");
    one("192.168.122.1/24", "ipaddr('next_usable')", "'192.168.122.2'");
    one("192.168.122.1/24", "ipaddr('range_usable')", "'192.168.122.1-192.168.122.254'");
    one("192.168.122.1/30", "ipaddr('peer')", "'192.168.122.2'");
    one("192.24.2.1", "ipaddr('revdns')", "'1.2.24.192.in-addr.arpa.'");
    one("10.0.0.0/8", "nthhost(305)", "'10.0.1.49'");
    one("10.0.0.0/8", "nthhost(-1)", "'10.255.255.255'");
    one("192.168.122.1/24", "next_nth_usable(2)", "'192.168.122.3'");
    one("192.168.122.254/24", "next_nth_usable(2)", "''");
    one("192.168.122.10/24", "previous_nth_usable(2)", "'192.168.122.8'");
    one("192.168.0.0/24", "network_in_usable('192.168.0.255')", "False");
    one("192.168.0.0/16", "network_in_network('192.168.0.0/24')", "True");
    one("192.168.2.6/24", "ipmath(-10)", "'192.168.1.252'");
    one("2001::5", "ipmath(-10)", "'2000:ffff:ffff:ffff:ffff:ffff:ffff:fffb'");
    one("192.168.1.5", "ip4_hex(':')", "'c0:a8:01:05'");
    one("1a:2b:3c:4d:5e:6f", "hwaddr('cisco')", "'1a2b.3c4d.5e6f'");
    one(
        "fdcf:1894:23b5:d38c::",
        "slaac('c2:31:b3:83:bf:2b')",
        "'fdcf:1894:23b5:d38c:c031:b3ff:fe83:bf2b'",
    );
    one("fe80::1", "ipv6('link-local')", "'fe80::1'");
    one("x", "ipaddr | default('none', true)", "'none'");
}

#[test]
fn subnets() {
    let one = |value: &str, filter: &str, want: &str| {
        check(&format!("{{{{ '{value}' | {filter} }}}}"), want);
    };
    one("192.168.144.5", "ipsubnet", "'192.168.144.5/32'");
    one("192.168.0.0/16", "ipsubnet", "'192.168.0.0/16'");
    one("192.168.0.0/16", "ipsubnet(20)", "16");
    one("192.168.0.0/16", "ipsubnet(20, 0)", "'192.168.0.0/20'");
    one("192.168.0.0/16", "ipsubnet(20, -1)", "'192.168.240.0/20'");
    one("192.168.0.0/16", "ipsubnet(20, 5)", "'192.168.80.0/20'");
    one("192.168.0.0/16", "ipsubnet(20, -5)", "'192.168.176.0/20'");
    one("192.168.144.5", "ipsubnet(20)", "'192.168.144.0/20'");
    one("192.168.144.5", "ipsubnet(18, 0)", "'192.168.128.0/18'");
    one("192.168.144.5", "ipsubnet(18, -1)", "'192.168.144.4/31'");
    one("192.168.144.5", "ipsubnet(18, 5)", "'192.168.144.0/23'");
    one("192.168.144.5", "ipsubnet(18, -5)", "'192.168.144.0/27'");
    one("192.168.144.5", "ipsubnet('192.168.0.0/16')", "36870");
    one("192.168.144.5", "ipsubnet('192.168.144.0/24')", "6");
    one("192.168.144.1/30", "ipsubnet('192.168.144.0/24')", "1");
    one("192.168.144.16/30", "ipsubnet('192.168.144.0/24')", "5");
    one(
        "193.0.2.0",
        "ipaddr('6to4') | ipsubnet(64, 58820) | ipaddr('1')",
        "'2002:c100:200:e5c4::1/64'",
    );
    check(
        "{{ ['192.168.0.0/17', '192.168.128.0/17', '192.168.128.1'] | cidr_merge }}",
        "['192.168.0.0/16']",
    );
    check(
        "{{ ['192.168.0.0/24', '192.168.1.0/24', '192.168.3.0/24'] | cidr_merge }}",
        "['192.168.0.0/23', '192.168.3.0/24']",
    );
    check("{{ ['192.168.1.42', '192.168.42.1'] | cidr_merge('span') }}", "'192.168.0.0/18'");
}
