//! Just enough of an address parser for the addresses of the simulation.

use esi_security::Json;
use esi_security::client::host::Url;

/// Parses an absolute `https` address, or a path on the origin of `base`.
pub(crate) fn parse(address: &str, base: Option<&str>) -> Option<Url> {
    if address.starts_with('/') {
        let origin = parse(base?, None)?.origin;
        return parse(&[&origin, address].concat(), None);
    }
    let rest = address.strip_prefix("https://")?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some(Url {
        href: address.to_owned(),
        origin: ["https://", host].concat(),
        path: ["/", path].concat(),
        query: query.to_owned(),
        fragment: fragment.to_owned(),
    })
}

/// A parameter of an encoded query or form.
pub(crate) fn parameter(encoded: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(encoded.as_bytes());
    let found = pairs.find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// A text of a JSON object.
pub(crate) fn parameter_of_json(json: &str, name: &str) -> Option<String> {
    let json = Json::parse(json.as_bytes())?;
    json.as_object()?.get(name)?.as_text().map(str::to_owned)
}
