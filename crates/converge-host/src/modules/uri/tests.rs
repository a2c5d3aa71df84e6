use crate::answer::Answerer;
use crate::data::{Data, Map};
use crate::host::real::Real;
use crate::modules::scenario::{Scenario, done};
use crate::modules::served::Server;
use crate::wire::{Ask, Reply};

fn server() -> Server {
    Server::new(|asked| {
        let mut words = asked.line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let json = || vec!["Content-Type: application/json".to_owned()];
        match (method, path) {
            ("GET", "/json") => ("200 OK", json(), b"{\"a\": [1, true]}".to_vec()),
            ("GET", "/moved") => ("302 Found", vec!["Location: /json".into()], Vec::new()),
            ("POST", "/moved") => ("302 Found", vec!["Location: /json".into()], Vec::new()),
            ("POST" | "PUT", _) => {
                let mut headers = json();
                headers.push("Set-Cookie: c=v; Path=/".into());
                let kind = asked.header("content-type").unwrap_or_default();
                let sent = String::from_utf8_lossy(&asked.body).replace('"', "'");
                (
                    "201 Created",
                    headers,
                    format!("{{\"type\": \"{kind}\", \"sent\": \"{sent}\"}}").into_bytes(),
                )
            }
            ("HEAD", _) => ("200 OK", vec!["Content-Length: 7".into()], Vec::new()),
            _ => ("404 Not Found", vec![], b"none".to_vec()),
        }
    })
}

fn at(server: &Server, path: &str, more: &[(&'static str, Data)]) -> Vec<(&'static str, Data)> {
    let mut args = vec![("url", Data::from(server.url(path)))];
    args.extend(more.iter().cloned());
    args
}

#[test]
fn what_is_read_is_known_beforehand() {
    let server = server();
    let scenario = Scenario::new(&[]);
    let told = scenario.run("uri", &at(&server, "/moved", &[("return_content", true.into())]));
    let is = |key: &str, want: Data| assert_eq!(told.results[key], want, "{key}");
    is("status", 200_i64.into());
    is("redirected", true.into());
    is("url", server.url("/json").into());
    is("content", "{\"a\": [1, true]}".into());
    is("content_type", "application/json".into());
    is("msg", "OK (16 bytes)".into());
    is(
        "json",
        [("a".to_owned(), Data::List(vec![1_i64.into(), true.into()]))]
            .into_iter()
            .collect::<Map>()
            .into(),
    );
    assert!(!told.changed && told.changes.is_empty());
    let told = scenario.run("uri", &at(&server, "/x", &[("method", "head".into())]));
    assert_eq!(told.results["status"], 200_i64.into());
}

#[test]
fn what_writes_is_sent_when_it_is_applied() {
    let server = server();
    let scenario = Scenario::new(&[]);
    let body: Map = [("k".to_owned(), Data::from("v w")), ("l".to_owned(), vec![1_i64, 2].into())]
        .into_iter()
        .collect();
    let send = |format: &str, body: Data| {
        let args = at(
            &server,
            "/new",
            &[
                ("method", "POST".into()),
                ("body", body),
                ("body_format", format.into()),
                ("status_code", Data::List(vec![200_i64.into(), 201_i64.into()])),
            ],
        );
        let call = scenario.call("uri", &args);
        let asked = server.asked().len();
        let mut answerer = Answerer::new(Real::new());
        let planned = done(answerer.answer(&Ask::Plan, &call).unwrap());
        assert_eq!((server.asked().len(), planned.changes.len()), (asked, 1));
        assert!(planned.open.is_some() && !planned.changed);
        let perform = Ask::Perform { gate: false, reviewed: Some(planned.changes) };
        let told = done(Answerer::new(Real::new()).answer(&perform, &call).unwrap());
        assert!(!told.changed);
        assert_eq!(told.results["cookies_string"], "c=v".into());
        told.results["json"].as_map().unwrap().clone()
    };
    let sent = send("json", Data::Map(body.clone()));
    assert_eq!(sent["type"], "application/json".into());
    assert_eq!(sent["sent"], "{'k': 'v w', 'l': [1, 2]}".into());
    let sent = send("form-urlencoded", Data::Map(body));
    assert_eq!(sent["sent"], "k=v+w&l=1&l=2".into());
    assert_eq!(send("raw", "@text".into())["sent"], "@text".into());
    let part: Map = [("part".to_owned(), Data::from("x"))].into_iter().collect();
    let sent = send("form-multipart", Data::Map(part));
    assert!(sent["type"].as_str().unwrap().starts_with("multipart/form-data"), "{sent:?}");
}

#[test]
fn a_status_that_was_not_asked_for_is_a_failure() {
    let server = server();
    let scenario = Scenario::new(&["there="]);
    scenario.fails(
        "uri",
        &at(&server, "/no", &[]),
        "Status code was 404 and not [200]: HTTP Error 404: Not Found",
    );
    let args = at(&server, "/moved", &[("method", "POST".into())]);
    let perform = Ask::Perform { gate: false, reviewed: None };
    let reply = Answerer::new(Real::new()).answer(&perform, &scenario.call("uri", &args)).unwrap();
    let Reply::Failed(failure, _) = reply else { panic!("{reply:?}") };
    assert_eq!(failure.results["status"], 302_i64.into(), "{}", failure.msg);
    let skipped = scenario.run("uri", &at(&server, "/no", &[("creates", "$T/there".into())]));
    assert!(!skipped.results.contains_key("status"));
}

#[test]
fn an_answer_is_kept_in_a_file() {
    let server = server();
    let scenario = Scenario::new(&["d/"]);
    let args = at(&server, "/json", &[("dest", "$T/d".into()), ("mode", "0600".into())]);
    let told = scenario.run("uri", &args);
    assert_eq!(scenario.text("d/json"), "{\"a\": [1, true]}");
    assert!(told.changed);
    assert_eq!(told.results["mode"], "0600".into());
    assert!(!scenario.run("uri", &args).changed);
}
