use super::*;

fn endpoint(address: &str, tls: bool) -> Endpoint {
    let tls = if tls { Tls::System } else { Tls::Off };
    Endpoint { address: address.into(), tls, ..Endpoint::default() }
}

/// The address in a few words, or what is wrong with it.
fn read(address: &str, tls: bool) -> String {
    let address = match Address::parse(&endpoint(address, tls)) {
        Ok(address) => address,
        Err(problem) => {
            assert!(problem.help.is_some(), "{address:?} gets no help");
            assert_eq!(problem.kind, ProblemKind::Mismatch);
            return problem.message;
        }
    };
    let text = match &address.scheme {
        Scheme::Name(target) => {
            assert_eq!(target.tls(), address.tls);
            target.to_string()
        }
        Scheme::List(list) => format!("{list:?}"),
        Scheme::Unix(path) => format!("socket {path}"),
        Scheme::Etcd { members, prefix } => {
            let members: Vec<String> = members.iter().map(ToString::to_string).collect();
            format!("etcd {} {prefix}", members.join(","))
        }
        Scheme::Consul { agent, service, tag, datacenter } => {
            format!("consul {agent} {service} {tag:?} {datacenter:?}")
        }
    };
    format!("{text} {}", if address.tls { "on" } else { "off" })
}

#[test]
fn addresses() {
    // address, TLS wanted beside it, and what it means or the message.
    let table = [
        ("localhost:50051", false, "localhost:50051 off"),
        ("localhost:50051", true, "localhost:50051 on"),
        ("  LocalHost:1 ", false, "localhost:1 off"),
        ("127.0.0.1:65535", false, "127.0.0.1:65535 off"),
        ("[::1]:50051", false, "[::1]:50051 off"),
        ("http://a.b:8080/", true, "a.b:8080 off"),
        ("HTTPS://a.b", false, "a.b:443 on"),
        ("http://a", false, "a:80 off"),
        ("https://[2001:db8::1]", false, "[2001:db8::1]:443 on"),
        ("my_service:80", false, "my_service:80 off"),
        ("dns:50051", false, "dns:50051 off"),
        ("unix:50051", false, "unix:50051 off"),
        ("", false, "no address is given"),
        ("   ", false, "no address is given"),
        ("localhost", false, "the port is missing"),
        ("localhost:", false, "`` is not a port"),
        ("localhost:0", false, "`0` is not a port"),
        ("localhost:65536", false, "`65536` is not a port"),
        ("localhost:abc", false, "`abc` is not a port"),
        (":50051", false, "the host is missing"),
        ("::1", false, "an IPv6 address needs brackets"),
        ("::1:50051", false, "an IPv6 address needs brackets"),
        ("[::1", false, "the `]` after the IPv6 address is missing"),
        ("[::g]:1", false, "`::g` is not an IPv6 address"),
        ("[::1]x", false, "`x` after `]` is not a port"),
        ("[::1]", false, "the port is missing"),
        ("ftp://a:1", false, "addresses that begin with `ftp://` are not supported"),
        ("xds:a", false, "addresses that begin with `xds:` are not supported"),
        ("http://a:1/v1/things", false, "`/v1/things` is not part of a gRPC address"),
        ("a:1?x=y", false, "`?x=y` is not part of a gRPC address"),
        ("me:secret@a:1", false, "`me:secret@` is not part of a gRPC address"),
        ("a b:1", false, "a host name cannot contain ` `"),
        ("bücher:1", false, "a host name cannot contain `\\u{fc}`"),
        ("unix:/tmp/socket", false, "socket /tmp/socket off"),
        ("unix:///tmp/a b", true, "socket /tmp/a b on"),
        ("unix:server.sock", false, "socket server.sock off"),
        ("UNIX:./x", false, "socket ./x off"),
        ("unix:", false, "`` is not a port"),
        ("unix://", false, "the path of the socket is missing"),
        ("unix://tmp/socket", false, "the path of the socket is not absolute"),
        ("dns:///a:1", false, "a:1 off"),
        ("dns:///a", true, "a:443 on"),
        ("dns:a:1", false, "a:1 off"),
        ("dns:///[::1]:7", false, "[::1]:7 off"),
        ("dns://8.8.8.8/a:1", false, "the name server `8.8.8.8` cannot be chosen"),
        ("dns://a:1", false, "the third slash is missing"),
        ("dns:///a/b", false, "`/b` is not part of a gRPC address"),
        ("ipv4:127.0.0.1:1,127.0.0.2:2", false, "[127.0.0.1:1, 127.0.0.2:2] off"),
        ("ipv4:///127.0.0.1:1, 127.0.0.1:1", false, "[127.0.0.1:1] off"),
        ("ipv4:127.0.0.1", true, "[127.0.0.1:443] on"),
        ("ipv4:[::1]:1", false, "`[::1]:1` is not an IPv4 address with a port"),
        ("ipv4:a:1", false, "`a:1` is not an IPv4 address with a port"),
        ("ipv4:127.0.0.1:1,", false, "`` is not an IPv4 address with a port"),
        ("ipv4:127.0.0.1:0", false, "`127.0.0.1:0` is not an IPv4 address with a port"),
        ("ipv6:[::1]:1,[::2]:2", false, "[[::1]:1, [::2]:2] off"),
        ("ipv6:::1", false, "[[::1]:443] off"),
        ("ipv6:127.0.0.1:1", false, "`127.0.0.1:1` is not an IPv6 address with a port"),
        ("etcd://a:1/my/svc/", false, "etcd a:1 my/svc off"),
        ("etcd://a,b:2/svc", true, "etcd a:2379,b:2 svc on"),
        ("etcd://a:1", false, "the prefix of the keys is missing"),
        ("etcd:a:1", false, "addresses that begin with `etcd:` are not supported"),
        ("etcd://a:1/%ff", false, "`%ff` is not UTF-8 when decoded"),
        ("consul://a:1/shop", false, "consul a:1 shop None None off"),
        (
            "consul://a/my%20shop?tag=v%262&dc=eu",
            false,
            "consul a:8500 my shop Some(\"v&2\") Some(\"eu\") off",
        ),
        ("consul://a:1/", false, "the name of the service is missing"),
        ("consul://a:1/x/y", false, "`x/y` is not the name of a service"),
        ("consul://a:1/x?foo=1", false, "`foo` is not known for Consul"),
    ];
    for (address, tls, want) in table {
        assert_eq!(read(address, tls), want, "{address:?}");
    }
    assert_eq!(
        read(&format!("{}:1", "a".repeat(254)), false),
        "the host name is longer than 253 characters"
    );
    assert_eq!(
        read(&format!("unix:/{}", "a".repeat(107)), false),
        "the path of the socket is longer than 107 bytes"
    );
    let many: Vec<String> =
        (1..=MAX_INSTANCES + 1).map(|port| format!("127.0.0.1:{port}")).collect();
    assert_eq!(
        read(&format!("ipv4:{}", many.join(",")), false),
        format!("there are more than {MAX_INSTANCES} addresses")
    );
}

proptest::proptest! {
    #[test]
    fn anything_is_an_answer(
        address in "((unix|dns|ipv4|ipv6|etcd|consul|http|xds):(//)?/?)?.{0,40}"
    ) {
        if let Ok(Address { scheme: Scheme::Name(target), tls }) = Address::parse(&endpoint(&address, false)) {
            let again = Address::parse(&endpoint(&target.to_string(), tls));
            proptest::prop_assert_eq!(again, Ok(Address { scheme: Scheme::Name(target), tls }));
        }
    }
}
