use crate::answer::Answerer;
use crate::change::Change;
use crate::data::Data;
use crate::host::real::Real;
use crate::modules::scenario::{Scenario, done};
use crate::modules::served::Server;
use crate::wire::Ask;

const HELLO: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// A server with a short file, a long one, one with a name of its own, a redirection and a list of checksums.
fn server() -> Server {
    Server::new(|asked| {
        let path = asked.line.split(' ').nth(1).unwrap_or_default();
        let since = asked.header("if-modified-since").is_some();
        let modified = vec!["Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT".to_owned()];
        match path {
            "/hello" | "/long" if since => ("304 Not Modified", modified, Vec::new()),
            "/hello" => ("200 OK", modified, b"hello\n".to_vec()),
            "/long" => ("200 OK", modified, vec![b'x'; 2 << 20]),
            "/named" => (
                "200 OK",
                vec!["Content-Disposition: attachment; filename=\"n.txt\"".into()],
                b"n".to_vec(),
            ),
            "/moved" => ("302 Found", vec!["Location: /hello".into()], Vec::new()),
            "/sums" => ("200 OK", vec![], format!("00  other\n{HELLO}  hello\n").into_bytes()),
            "/secret" if asked.header("authorization") == Some("Basic dTpw") => {
                ("200 OK", vec![], b"s".to_vec())
            }
            "/secret" => ("401 Unauthorized", vec![], Vec::new()),
            _ => ("404 Not Found", vec![], b"no".to_vec()),
        }
    })
}

fn args(url: String, dest: &str) -> Vec<(&'static str, Data)> {
    vec![("url", url.into()), ("dest", dest.into())]
}

#[test]
fn a_short_file_is_seen_beforehand() {
    let server = server();
    let scenario = Scenario::new(&[]);
    let mut with_mode = args(server.url("/hello"), "$T/f");
    with_mode.push(("mode", "0600".into()));
    let told = scenario.run("get_url", &with_mode);
    assert_eq!(scenario.text("f"), "hello\n");
    assert!(told.changed);
    let is = |key: &str, want: Data| assert_eq!(told.results[key], want, "{key}");
    is("checksum_src", "f572d396fae9206628714fb2ce00f72e94f2258f".into());
    is("checksum_dest", Data::Null);
    is("md5sum", "b1946ac92492d2347c6235b4d2611184".into());
    is("msg", "OK (6 bytes)".into());
    is("status_code", 200_i64.into());
    is("mode", "0600".into());
    is("size", 6_i64.into());
    let again = scenario.run("get_url", &with_mode);
    assert!(!again.changed);
    assert_eq!(again.results["msg"], "HTTP Error 304: Not Modified".into());
    let agent = server.asked()[0].header("user-agent").map(str::to_owned);
    assert_eq!(agent.as_deref(), Some("ansible-httpget"));
}

#[test]
fn what_is_there_is_replaced_where_it_is_another_one() {
    let server = server();
    let scenario = Scenario::new(&["f=old", "d/"]);
    let mut forced = args(server.url("/moved"), "$T/f");
    forced.push(("force", true.into()));
    let told = scenario.run("get_url", &forced);
    assert_eq!(told.results["checksum_dest"], "c00dbbc9dadfbe1e232e93a729dd4752fade0abf".into());
    assert_eq!(scenario.text("f"), "hello\n");
    assert!(!scenario.run("get_url", &forced).changed);
    let told = scenario.run("get_url", &args(server.url("/named"), "$T/d"));
    assert_eq!(scenario.text("d/n.txt"), "n");
    let dest = scenario.path().join("d/n.txt").display().to_string();
    assert_eq!(told.results["dest"], dest.into());
}

#[test]
fn a_checksum_decides() {
    let server = server();
    let scenario = Scenario::new(&["f=old"]);
    let mut summed = args(server.url("/hello"), "$T/f");
    summed.push(("checksum", format!("sha256:{}", server.url("/sums")).into()));
    assert!(scenario.run("get_url", &summed).changed);
    assert_eq!(scenario.text("f"), "hello\n");
    let asked = server.asked().len();
    summed.pop();
    summed.push(("checksum", format!("sha256:{HELLO}").into()));
    let told = scenario.run("get_url", &summed);
    assert_eq!(told.results["msg"], "file already exists".into());
    assert_eq!(server.asked().len(), asked, "nothing is asked where nothing is missing");
    summed.pop();
    summed.push(("checksum", "md5:abcd".into()));
    scenario.fails(
        "get_url",
        &summed,
        &format!(
            "`{}` has the checksum `b1946ac92492d2347c6235b4d2611184`, not `abcd`",
            server.url("/hello")
        ),
    );
}

#[test]
fn a_long_file_is_downloaded_when_it_is_applied() {
    let server = server();
    let scenario = Scenario::new(&[]);
    let call = args(server.url("/long"), "$T/f");
    let planned = Answerer::new(Real::new()).answer(&Ask::Plan, &scenario.call("get_url", &call));
    let planned = done(planned.unwrap());
    assert!(planned.open.is_some());
    assert!(matches!(&planned.changes[..], [Change::File(change)] if change.maker.is_some()));
    let told = scenario.run("get_url", &call);
    assert_eq!(scenario.text("f").len(), 2 << 20);
    assert_eq!(told.results["msg"], "OK (2097152 bytes)".into());
    assert!(!scenario.run("get_url", &call).changed);
    let folder = Scenario::new(&["d/"]);
    let call = args(server.url("/long"), "$T/d");
    assert!(folder.run("get_url", &call).changed);
    assert!(!folder.run("get_url", &call).changed);
    // Only downloading it tells that it is the same.
    let mut forced = args(server.url("/long"), "$T/d/long");
    forced.push(("force", true.into()));
    let perform = Ask::Perform { gate: false, reviewed: None };
    let mut answerer = Answerer::new(Real::new());
    let told = done(answerer.answer(&perform, &folder.call("get_url", &forced)).unwrap());
    assert!(!told.changed && told.changes.len() == 1);
}

#[test]
fn names_and_passwords_are_sent() {
    let server = server();
    let scenario = Scenario::new(&[]);
    let mut call = args(server.url("/secret"), "$T/f");
    scenario.fails(
        "get_url",
        &call,
        &format!(
            "Request failed: `{}` answers HTTP Error 401: Unauthorized",
            server.url("/secret")
        ),
    );
    let headers = [("X-One".to_owned(), Data::from("1"))].into_iter().collect();
    call.extend([
        ("username", "u".into()),
        ("password", "p".into()),
        ("headers", Data::Map(headers)),
    ]);
    scenario.run("get_url", &call);
    assert_eq!(scenario.text("f"), "s");
    assert_eq!(server.asked().last().unwrap().header("x-one"), Some("1"));
}

#[test]
fn what_can_not_be_downloaded_is_named() {
    let server = server();
    let scenario = Scenario::new(&[]);
    let url = server.url("/no");
    scenario.fails(
        "get_url",
        &args(url.clone(), "$T/f"),
        &format!("Request failed: `{url}` answers HTTP Error 404: Not Found"),
    );
    scenario.fails(
        "get_url",
        &args(server.url("/hello"), "$T/no/f"),
        "can't make `$T/no/f`: there is no directory `$T/no`",
    );
    let mut call = args(url, "$T/f");
    call.push(("checksum", "crc:1".into()));
    scenario.fails(
        "get_url",
        &call,
        "`checksum` takes `<algorithm>:<checksum or URL>`: there is no algorithm `crc`",
    );
}
