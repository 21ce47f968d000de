//! Which addresses are public: a pure judgement of URLs, names and IP addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address is refused; a sentence part that names no secret.
pub(crate) type Reason = &'static str;

/// Networks that are no part of the public IPv4 internet: first address, prefix length, name.
const REFUSED_V4: &[(Ipv4Addr, u32, Reason)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The same for IPv6, within and without global unicast; the rest outside 2000::/3 is refused too.
const REFUSED_V6: &[(Ipv6Addr, u32, Reason)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4 address in disguise"),
    (Ipv6Addr::UNSPECIFIED, 96, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "NAT64"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "discard"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a private network"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// Names, and parents of names, that lead inside wherever they are resolved.
const REFUSED_NAMES: &[&str] =
    &["localhost", "localdomain", "local", "internal", "intranet", "home.arpa", "in-addr.arpa", "ip6.arpa"];

/// Judges what holds for every request: the scheme, and that no credentials stand in the address.
pub(crate) fn judge_form(url: &Url) -> Result<(), Reason> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http and https are spoken");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not carry a user name or a password");
    }
    if url.host().is_none() {
        return Err("the address names no host");
    }
    Ok(())
}

/// Judges the host as it is written; a name must be judged again by what it resolves to.
pub(crate) fn judge_host(url: &Url) -> Result<(), Reason> {
    match url.host() {
        Some(Host::Ipv4(ip)) => judge_ip(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => judge_ip(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => judge_name(name),
        None => Err("the address names no host"),
    }
}

/// Judges an IP address.
pub(crate) fn judge_ip(ip: IpAddr) -> Result<(), Reason> {
    let found = match ip {
        IpAddr::V4(ip) => {
            let bits = u32::from(ip);
            let within = |&&(net, prefix, _): &&(Ipv4Addr, u32, Reason)| {
                (bits ^ u32::from(net)).leading_zeros() >= prefix
            };
            REFUSED_V4.iter().find(within).map(|row| row.2)
        }
        IpAddr::V6(ip) => {
            let bits = u128::from(ip);
            let within = |&&(net, prefix, _): &&(Ipv6Addr, u32, Reason)| {
                (bits ^ u128::from(net)).leading_zeros() >= prefix
            };
            let outside = (bits >> 125 != 1).then_some("not global unicast");
            REFUSED_V6.iter().find(within).map(|row| row.2).or(outside)
        }
    };
    found.map_or(Ok(()), Err)
}

fn judge_name(name: &str) -> Result<(), Reason> {
    let name = name.strip_suffix('.').unwrap_or(name);
    // A name of one label is found by a search list, so inside.
    if !name.contains('.') {
        return Err("a name without a dot is a local one");
    }
    let inside = REFUSED_NAMES.iter().any(|parent| {
        let cut = name.len().checked_sub(parent.len());
        cut.and_then(|cut| name.split_at_checked(cut)).is_some_and(|(head, tail)| {
            tail.eq_ignore_ascii_case(parent) && (head.is_empty() || head.ends_with('.'))
        })
    });
    if inside { Err("the name is a local one") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_networks() {
        let refused =
            ["9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1"];
        for ip in refused.into_iter().chain(["1.1.1.1", "198.17.255.255", "198.20.0.0", "223.255.255.255"]) {
            assert_eq!(judge_ip(ip.parse().unwrap()), Ok(()), "{ip}");
        }
        for ip in ["10.0.0.0", "10.255.255.255", "100.127.255.255", "172.31.255.255", "224.0.0.0"] {
            assert!(judge_ip(ip.parse().unwrap()).is_err(), "{ip}");
        }
        for ip in ["2606:4700::1111", "2a00:1450:4001::1", "2003::1", "2001:4860:4860::8888"] {
            assert_eq!(judge_ip(ip.parse().unwrap()), Ok(()), "{ip}");
        }
        for ip in ["2001:1ff::1", "4000::1", "5f00::1", "::8.8.8.8", "::ffff:8.8.8.8", "3fff:fff::1"] {
            assert!(judge_ip(ip.parse().unwrap()).is_err(), "{ip}");
        }
    }

    #[test]
    fn names() {
        for name in ["api.github.com", "localhost.example.com", "notlocal.com", "internal.example.org."] {
            assert_eq!(judge_name(name), Ok(()), "{name}");
        }
        for name in ["localhost", "a.localhost", "LOCALHOST.", "metadata.google.internal", "nas.local", "db"]
        {
            assert!(judge_name(name).is_err(), "{name}");
        }
    }
}
