//! A connection to the session bus (D-Bus specification): authentication, calls and their answers, one signal. Everything
//! has one deadline, so that a bus, or a service behind it, that is silent, stopped or gone costs no more than that.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::KeyringError;
use super::wire::{MOST, Reader, Value, Writer};
use crate::Plain;

const BUS: Place<'static> =
    Place { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };

/// Who is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
}

/// What a call carries.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) signature: &'static str,
    pub(super) writer: Writer,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Bus {
    deadline: Instant,
    serial: u32,
    stream: BufReader<UnixStream>,
}

/// A message that came.
struct Message {
    error: Option<String>,
    kind: u8,
    member: String,
    path: String,
    reply_to: u32,
    values: Vec<Value>,
}

impl Bus {
    /// Connects to the bus of the session.
    #[expect(clippy::disallowed_methods, reason = "the deadline of a socket is on the clock of the machine")]
    pub(super) fn connect(timeout: Duration) -> Result<Self, KeyringError> {
        let stream = open()?;
        let mut bus = Self { deadline: Instant::now() + timeout, serial: 0, stream: BufReader::new(stream) };
        // The identity of this process is told by the socket itself (SO_PEERCRED).
        let id: String =
            rustix::process::geteuid().as_raw().to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
        bus.send(format!("\0AUTH EXTERNAL {id}\r\n").as_bytes())?;
        let mut line = String::new();
        bus.limit()?;
        let read = (&mut bus.stream).take(1024).read_line(&mut line);
        read.map_err(|error| lost(&error))?;
        if !line.starts_with("OK ") {
            return Err(KeyringError::Absent(Plain::own("the session bus refuses this user")));
        }
        bus.send(b"BEGIN\r\n")?;
        bus.call(BUS, "Hello", &Body::default())?;
        Ok(bus)
    }

    /// More or less time from now on: somebody has to be asked.
    #[expect(clippy::disallowed_methods, reason = "the deadline of a socket is on the clock of the machine")]
    pub(super) fn allow(&mut self, timeout: Duration) {
        self.deadline = Instant::now() + timeout;
    }

    /// Has a signal of this interface come here.
    pub(super) fn listen(&mut self, interface: &str) -> Result<(), KeyringError> {
        let mut body = Body { signature: "s", ..Body::default() };
        body.writer.text(&format!("type='signal',interface='{interface}'"));
        self.call(BUS, "AddMatch", &body).map(|_| ())
    }

    /// Calls, and waits for the answer.
    pub(super) fn call(&mut self, place: Place<'_>, member: &str, body: &Body) -> Result<Vec<Value>, KeyringError> {
        let serial = self.post(place, member, body)?;
        loop {
            let message = self.receive()?;
            if message.reply_to != serial || !matches!(message.kind, 2 | 3) {
                continue;
            }
            return match message.error {
                None => Ok(message.values),
                Some(name) => Err(refused(&name, message.values.first().and_then(Value::text).unwrap_or_default())),
            };
        }
    }

    /// Waits for a signal of this object.
    pub(super) fn signal(&mut self, path: &str, member: &str) -> Result<Vec<Value>, KeyringError> {
        loop {
            let message = self.receive()?;
            if message.kind == 4 && message.path == path && message.member == member {
                return Ok(message.values);
            }
        }
    }

    fn post(&mut self, place: Place<'_>, member: &str, body: &Body) -> Result<u32, KeyringError> {
        self.serial += 1;
        let mut message = Writer::default();
        message.0.extend([b'l', 1, 0, 1]);
        message.number(u32::try_from(body.writer.0.len()).unwrap_or(u32::MAX));
        message.number(self.serial);
        message.array(8, |header| {
            let fields =
                [(1, "o", place.path), (2, "s", place.interface), (3, "s", member), (6, "s", place.destination)];
            for (code, signature, text) in fields {
                header.align(8);
                header.byte(code);
                header.variant_text(signature, text);
            }
            if !body.signature.is_empty() {
                header.align(8);
                header.byte(8);
                header.signature("g");
                header.signature(body.signature);
            }
        });
        message.align(8);
        message.0.extend(&body.writer.0);
        self.send(&message.0)?;
        Ok(self.serial)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), KeyringError> {
        let left = self.left()?;
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(left)).and_then(|()| stream.write_all(bytes)).map_err(|error| lost(&error))
    }

    fn receive(&mut self) -> Result<Message, KeyringError> {
        let nonsense = || KeyringError::Failed(Plain::own("the bus answers what cannot be read"));
        let mut start = [0; 16];
        self.fill(&mut start)?;
        let big = start.first() == Some(&b'B');
        let kind = start.get(1).copied().unwrap_or_default();
        let mut numbers = Reader::new(start.get(4..).unwrap_or_default(), big);
        let (body, _serial, fields) = (numbers.number(), numbers.number(), numbers.number());
        let length = |number: Option<u32>| {
            number.and_then(|number| usize::try_from(number).ok()).filter(|length| *length <= MOST).ok_or_else(nonsense)
        };
        let (body, fields) = (length(body)?, length(fields)?);
        // Fields and their padding, then the body; the array's own length stands in front of them.
        let mut rest = vec![0; 16 + fields.next_multiple_of(8) + body];
        rest.get_mut(..16).ok_or_else(nonsense)?.copy_from_slice(&start);
        self.fill(rest.get_mut(16..).ok_or_else(nonsense)?)?;
        message(kind, big, &rest, body).ok_or_else(nonsense)
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), KeyringError> {
        while !buffer.is_empty() {
            self.limit()?;
            match self.stream.read(buffer) {
                Ok(0) => return Err(lost(&io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(lost(&error)),
            }
        }
        Ok(())
    }

    fn limit(&mut self) -> Result<(), KeyringError> {
        let left = self.left()?;
        self.stream.get_mut().set_read_timeout(Some(left)).map_err(|error| lost(&error))
    }

    #[expect(clippy::disallowed_methods, reason = "the deadline of a socket is on the clock of the machine")]
    fn left(&self) -> Result<Duration, KeyringError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(KeyringError::TimedOut) } else { Ok(left) }
    }
}

fn message(kind: u8, big: bool, bytes: &[u8], body: usize) -> Option<Message> {
    let split = bytes.len().checked_sub(body)?;
    let (head, body) = bytes.split_at_checked(split)?;
    let mut header = Reader::new(head, big);
    header.all("yyyyuu")?;
    let fields = header.all("a(yv)")?;
    let mut message =
        Message { error: None, kind, member: String::new(), path: String::new(), reply_to: 0, values: Vec::new() };
    let mut signature = String::new();
    for field in fields.first()?.items() {
        let [Value::Byte(code), Value::Variant(value)] = field.items() else { return None };
        match (code, &**value) {
            (1, Value::Text(path)) => message.path.clone_from(path),
            (3, Value::Text(member)) => message.member.clone_from(member),
            (4, Value::Text(name)) => message.error = Some(name.clone()),
            (5, Value::Number(serial)) => message.reply_to = u32::try_from(*serial).ok()?,
            (8, Value::Text(text)) => signature.clone_from(text),
            _ => {}
        }
    }
    message.values = Reader::new(body, big).all(&signature)?;
    Some(message)
}

fn refused(name: &str, text: &str) -> KeyringError {
    match name {
        "org.freedesktop.Secret.Error.IsLocked" => KeyringError::Locked,
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner"
        | "org.freedesktop.DBus.Error.UnknownMethod" => KeyringError::Absent(Plain::own("no program keeps one here")),
        name if name.starts_with("org.freedesktop.DBus.Error.Spawn") => {
            KeyringError::Absent(Plain::own("the program that keeps it does not start"))
        }
        "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Disconnected" => {
            KeyringError::Failed(Plain::own("the program that keeps it ended"))
        }
        "org.freedesktop.DBus.Error.Timeout" | "org.freedesktop.DBus.Error.TimedOut" => KeyringError::TimedOut,
        _ => KeyringError::Failed(Plain::new(if text.is_empty() { name } else { text }, 200)),
    }
}

fn lost(error: &io::Error) -> KeyringError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => KeyringError::TimedOut,
        _ => KeyringError::Failed(Plain::own("the session bus ended the connection")),
    }
}

/// The socket of the session bus: from the environment, else where systemd has it.
fn open() -> Result<UnixStream, KeyringError> {
    let absent = || KeyringError::Absent(Plain::own("there is no session bus"));
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let addresses = set("DBUS_SESSION_BUS_ADDRESS")
        .or_else(|| set("XDG_RUNTIME_DIR").map(|directory| format!("unix:path={directory}/bus")))
        .ok_or_else(absent)?;
    for address in addresses.split(';') {
        let Some(keys) = address.strip_prefix("unix:") else { continue };
        for (key, value) in keys.split(',').filter_map(|pair| pair.split_once('=')) {
            let value = unescaped(value);
            let stream = match key {
                "path" => UnixStream::connect(value),
                "abstract" => abstract_socket(&value),
                _ => continue,
            };
            if let Ok(stream) = stream {
                return Ok(stream);
            }
        }
    }
    Err(absent())
}

#[cfg(target_os = "linux")]
fn abstract_socket(name: &str) -> io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt;
    UnixStream::connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn abstract_socket(_: &str) -> io::Result<UnixStream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `%20` in a value of an address.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let pair = if byte == b'%' { Some([rest.next(), rest.next()]) } else { None };
        match pair {
            Some([Some(high), Some(low)]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
                bytes.push(u8::try_from(digit(high) * 16 + digit(low)).unwrap_or_default());
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
