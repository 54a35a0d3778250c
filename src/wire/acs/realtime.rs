//! Everything of the real-time connection but its packets: configuration, allocation, handshake,
//! registration, and the requests and answers inside `3:::` packets.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::AsciiSet;
use percent_encoding::CONTROLS;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;

use super::or_default;
use super::text_or_number;

/// Of `GET /chat/config/realTimeNotifications`.
pub const CONFIG_API_VERSION: &str = "2024-09-01";

/// `200` of the configuration. All three must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RealTimeNotificationConfiguration {
    pub trouter_service_url: String,
    pub registrar_service_url: String,
    pub cloud_type: String,
}

/// `200` of `POST {trouter}/v4/a`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    pub url: String,
    /// What the client registers as its address.
    pub surl: String,
    /// Origin of handshake and WebSocket, with a trailing slash.
    pub socketio: String,
    pub connectparams: ConnectParams,
    #[serde(
        default,
        deserialize_with = "text_or_number",
        skip_serializing_if = "String::is_empty"
    )]
    pub ttl: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ccid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curlb: Option<String>,
}

/// The opaque members of an allocation, in the order they came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectParams(pub Vec<(String, String)>);

impl ConnectParams {
    pub fn member(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// `se`: expiry in milliseconds since 1970.
    pub fn expiry(&self) -> Option<i64> {
        self.member("se")?.parse().ok()
    }

    /// `name=value&…` as received; only what would break the URL is escaped.
    pub fn query(&self) -> String {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| {
                format!(
                    "{}={}",
                    utf8_percent_encode(name, BREAKS_QUERY),
                    utf8_percent_encode(value, BREAKS_QUERY)
                )
            })
            .collect();
        pairs.join("&")
    }
}

/// A signature is among them.
impl fmt::Debug for ConnectParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for ConnectParams {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for ConnectParams {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = ConnectParams;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings and numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConnectParams, A::Error> {
                let mut params = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    match value {
                        Value::String(text) => params.push((name, text)),
                        Value::Number(n) => params.push((name, n.to_string())),
                        _ => {}
                    }
                }
                Ok(ConnectParams(params))
            }
        }
        from.deserialize_map(InOrder)
    }
}

/// Who connects: constant for the client object but for `con_num`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Session id.
    pub cor_id: String,
    /// `{creation time in ms}_{attempt}`.
    pub con_num: String,
    /// Endpoint id, also the registration id.
    pub epid: String,
}

impl Connection {
    /// `POST` target of an allocation: fresh at the configured URL, or for the saved parameters.
    pub fn allocation_url(&self, base: &str, saved: Option<&ConnectParams>) -> String {
        let base = base.trim_end_matches('/');
        let Self {
            cor_id,
            con_num,
            epid,
        } = self;
        let mut url = format!("{base}/v4/a?cor_id={cor_id}&con_num={con_num}&epid={epid}");
        if let Some(saved) = saved {
            for part in [saved.query().as_str(), "v=v4"] {
                if !part.is_empty() {
                    url.push('&');
                    url.push_str(part);
                }
            }
        }
        url
    }

    /// The query that handshake and WebSocket share.
    pub fn query(&self, allocation: &Allocation, client: &ClientInfo, cv: &str) -> String {
        let params = allocation.connectparams.query();
        let separator = if params.is_empty() { "" } else { "&" };
        let tc = serde_json::json!({"cv": client.cv, "ua": client.ua, "hr": "", "v": client.v});
        let activity = UserActivity::active(cv);
        format!(
            "{params}{separator}v=v4&tc={}&timeout=40&auth=true&epid={}&userActivity={}&ccid={}&cor_id={}&con_num={}",
            encode(&tc.to_string()),
            self.epid,
            encode(&serde_json::to_string(&activity).unwrap_or_default()),
            encode(allocation.ccid.as_deref().unwrap_or("undefined")),
            self.cor_id,
            self.con_num,
        )
    }
}

/// Who we say we are, in `tc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientInfo {
    pub cv: String,
    pub ua: String,
    pub v: String,
}

/// `GET` target of the handshake.
pub fn handshake_url(allocation: &Allocation, query: &str, now_ms: i64) -> String {
    format!("{}socket.io/1/?{query}&t={now_ms}", origin(allocation))
}

/// The WebSocket of a handshake: `wss` where `socketio` is https.
pub fn websocket_url(allocation: &Allocation, sid: &str, query: &str) -> String {
    let origin = origin(allocation);
    let origin = if let Some(rest) = origin.strip_prefix("https") {
        format!("wss{rest}")
    } else if let Some(rest) = origin.strip_prefix("http") {
        format!("ws{rest}")
    } else {
        origin
    };
    format!("{origin}socket.io/1/websocket/{}?{query}", encode(sid))
}

/// With exactly one trailing slash, whatever came.
fn origin(allocation: &Allocation) -> String {
    format!("{}/", allocation.socketio.trim_end_matches('/'))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NOT_IN_COMPONENT).to_string()
}

const BREAKS_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'&')
    .add(b'<')
    .add(b'>');

/// What `encodeURIComponent` leaves alone.
const NOT_IN_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// `{sid}:{heartbeat}:{close}:{transports}`, the times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    pub sid: String,
    /// 0: no heartbeats.
    pub heartbeat: u64,
    pub close: u64,
    pub transports: Vec<String>,
}

impl Handshake {
    pub fn decode(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(4, ':');
        let sid = parts.next().filter(|sid| !sid.is_empty())?.to_owned();
        let seconds = |part: Option<&str>| match part? {
            "" => Some(0),
            digits => digits.parse().ok(),
        };
        Some(Self {
            sid,
            heartbeat: seconds(parts.next())?,
            close: seconds(parts.next())?,
            transports: parts.next()?.split(',').map(str::to_owned).collect(),
        })
    }

    pub fn encode(&self) -> String {
        let transports = self.transports.join(",");
        format!(
            "{}:{}:{}:{transports}",
            self.sid, self.heartbeat, self.close
        )
    }
}

/// `POST {registrar}/v3/registrations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationRequest {
    pub client_description: ClientDescription,
    pub registration_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub node_id: String,
    pub transports: Transports,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientDescription {
    pub app_id: String,
    pub aes_key: String,
    pub language_id: String,
    pub platform: String,
    pub template_key: String,
    #[serde(rename = "platformUIVersion")]
    pub platform_ui_version: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transports {
    #[serde(rename = "TROUTER", default, deserialize_with = "or_default")]
    pub trouter: Vec<Transport>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transport {
    #[serde(default, deserialize_with = "or_default")]
    pub context: String,
    /// The `surl` of the allocation.
    pub path: String,
    /// Seconds.
    pub ttl: u64,
}

impl RegistrationRequest {
    /// The registered pair of application and template selects the payloads' format.
    pub fn new(registration_id: &str, surl: &str, ttl: u64, cloud_type: &str) -> Self {
        let (app_id, template_key) = if cloud_type == "int" {
            ("cns-e2e-test", "cns-e2e-test:1.8")
        } else {
            ("AcsWeb", "AcsWeb_Chat_2.1")
        };
        Self {
            client_description: ClientDescription {
                app_id: app_id.to_owned(),
                aes_key: String::new(),
                language_id: "en-US".to_owned(),
                platform: "SPOOL".to_owned(),
                template_key: template_key.to_owned(),
                platform_ui_version: "0.0.0".to_owned(),
            },
            registration_id: registration_id.to_owned(),
            node_id: String::new(),
            transports: Transports {
                trouter: vec![Transport {
                    context: String::new(),
                    path: surl.to_owned(),
                    ttl,
                }],
            },
        }
    }
}

/// A request pushed through the socket, in a `3:::` packet. The body is a document as a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrouterRequest {
    pub id: u64,
    pub method: String,
    pub url: String,
    #[serde(default, deserialize_with = "or_default")]
    pub headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    pub body: super::redacted::Redacted,
}

/// The answer to a [`TrouterRequest`], in a `3:::` packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrouterResponse {
    pub id: u64,
    pub status: u16,
    #[serde(default, deserialize_with = "or_default")]
    pub headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    pub body: String,
}

impl TrouterResponse {
    pub fn new(request: &TrouterRequest, status: u16, spent_ms: u64) -> Self {
        let mut headers = BTreeMap::new();
        for (name, value) in &request.headers {
            if name.eq_ignore_ascii_case("MS-CV") {
                headers.insert("MS-CV".to_owned(), format!("{value}.0"));
            }
            for echoed in ["trouter-request", "trouter-is-broadcast"] {
                if name.eq_ignore_ascii_case(echoed) {
                    headers.insert(echoed.to_owned(), value.clone());
                }
            }
        }
        headers.insert(
            "trouter-client".to_owned(),
            format!("{{\"cd\":{spent_ms}}}"),
        );
        if status == 404 {
            headers.insert("Trouter-Responder".to_owned(), "ClientLib".to_owned());
        }
        Self {
            id: request.id,
            status,
            headers,
            body: String::new(),
        }
    }
}

/// Argument of `trouter.connected`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrouterConnected {
    /// Seconds the allocation lives; empty when not said.
    #[serde(default, deserialize_with = "text_or_number")]
    pub ttl: String,
    #[serde(default, deserialize_with = "text_or_number")]
    pub dur: String,
}

/// Argument of `trouter.reconnect`: `self`, `host` or `global`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrouterReconnect {
    #[serde(default, deserialize_with = "or_default")]
    pub target: String,
}

/// Argument of `trouter.message_loss` and of its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageLoss {
    #[serde(default, deserialize_with = "or_default")]
    pub dropped_indicators: Vec<DroppedIndicator>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DroppedIndicator {
    #[serde(deserialize_with = "or_default")]
    pub tag: String,
    #[serde(deserialize_with = "or_default")]
    pub etag: String,
}

/// Argument of `user.activity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserActivity {
    pub state: String,
    pub cv: String,
}

impl UserActivity {
    pub fn active(cv: &str) -> Self {
        Self {
            state: "active".to_owned(),
            cv: cv.to_owned(),
        }
    }
}

/// Reason of a `0:::` packet where it is a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DisconnectReason {
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn connection() -> Connection {
        Connection {
            cor_id: "cor".to_owned(),
            con_num: "1795453239807_1".to_owned(),
            epid: "ep".to_owned(),
        }
    }

    fn allocation() -> Allocation {
        serde_json::from_str(
            r#"{"url":"https://t/v4/f/x/","surl":"https://t/v4/f/x/","socketio":"https://t:443/",
                "connectparams":{"sr":"r","se":1795539639817,"sig":"ab+c/d=="},"ttl":86400}"#,
        )
        .unwrap()
    }

    #[test]
    fn an_allocation_keeps_its_parameters_in_order_and_as_received() {
        let allocation = allocation();
        assert_eq!(allocation.ttl, "86400");
        assert_eq!(allocation.connectparams.expiry(), Some(1_795_539_639_817));
        assert_eq!(
            connection().allocation_url("https://t/", Some(&allocation.connectparams)),
            "https://t/v4/a?cor_id=cor&con_num=1795453239807_1&epid=ep&sr=r&se=1795539639817&sig=ab+c/d==&v=v4"
        );
    }

    #[test]
    fn handshake_and_socket_share_one_query() {
        let client = ClientInfo {
            cv: "1".to_owned(),
            ua: "sidetone".to_owned(),
            v: "0.1.0".to_owned(),
        };
        let allocation = allocation();
        let query = connection().query(&allocation, &client, "5VT7.1");
        assert_eq!(
            query,
            "sr=r&se=1795539639817&sig=ab+c/d==&v=v4&tc=%7B%22cv%22%3A%221%22%2C%22hr%22%3A%22%22%2C%22ua%22%3A%22sidetone%22%2C%22v%22%3A%220.1.0%22%7D&timeout=40&auth=true&epid=ep&userActivity=%7B%22state%22%3A%22active%22%2C%22cv%22%3A%225VT7.1%22%7D&ccid=undefined&cor_id=cor&con_num=1795453239807_1"
        );
        assert!(handshake_url(&allocation, "q", 7).ends_with("socket.io/1/?q&t=7"));
        assert_eq!(
            websocket_url(&allocation, "a-b", "q"),
            "wss://t:443/socket.io/1/websocket/a-b?q"
        );
    }

    #[test]
    fn a_response_echoes_what_the_service_wants_back() {
        let request: TrouterRequest = serde_json::from_str(
            r#"{"id":101,"method":"POST","url":"/v4/f/x/chatMessageReceived","headers":{"MS-CV":"a.1","trouter-request":"{}","Trouter-Timeout":"10000"},"body":"{}"}"#,
        )
        .unwrap();
        let response = TrouterResponse::new(&request, 200, 2);
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"id":101,"status":200,"headers":{"MS-CV":"a.1.0","trouter-client":"{\"cd\":2}","trouter-request":"{}"},"body":""}"#
        );
    }

    #[test]
    fn a_registration_is_what_the_official_client_sends() {
        let body = RegistrationRequest::new("ep", "https://t/v4/f/x/", 7200, "public");
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"clientDescription":{"appId":"AcsWeb","aesKey":"","languageId":"en-US","platform":"SPOOL","templateKey":"AcsWeb_Chat_2.1","platformUIVersion":"0.0.0"},"registrationId":"ep","nodeId":"","transports":{"TROUTER":[{"context":"","path":"https://t/v4/f/x/","ttl":7200}]}}"#
        );
    }

    proptest! {
        #[test]
        fn a_handshake_survives_encoding(sid in "[a-f0-9-]{1,20}", heartbeat in 0..400u64, close in 0..400u64, transports in proptest::collection::vec("[a-z-]{1,9}", 1..3)) {
            let handshake = Handshake { sid, heartbeat, close, transports };
            prop_assert_eq!(Handshake::decode(&handshake.encode()), Some(handshake));
        }

        #[test]
        fn reading_a_handshake_never_panics(text in "[0-9:,a-z]{0,24}") {
            let _ = Handshake::decode(&text);
        }

        #[test]
        fn connect_params_survive_encoding(pairs in proptest::collection::vec(("[a-z]{1,4}", ".{0,8}"), 0..4)) {
            let params = ConnectParams(pairs);
            let json = serde_json::to_string(&params).unwrap();
            prop_assert_eq!(serde_json::from_str::<ConnectParams>(&json).unwrap(), params);
        }
    }
}
