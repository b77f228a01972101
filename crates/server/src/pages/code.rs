//! `GET` and `POST /device`, the verification page (RFC 8628 §3.3): takes a code, and looks up nothing.

use flow::Unavailable;
use http::StatusCode;
use proto::grant::lookup::Arrival;
use proto::secret::{self, Alphabet, Read, UserCode};
use proto::wire::form::Form;

use super::cookies::{Flash, Next, Visit};
use super::csrf::{self, Action};
use super::view::{CodeKind, CodeNotice, CodePage, Mistake, Plain, field};
use super::{error, person};
use crate::reply::Reply;
use crate::request::Ask;

/// Characters of a mistyped code that stay in the field.
const MAX_TYPED: usize = 256;

pub(crate) async fn get(ask: &Ask<'_>) -> Reply {
    let mut visit = Visit::of(ask);
    let flash = visit.flash.take();
    if flash == Some(Flash::Linked) {
        return visit.go(ask, Next::Decision.path());
    }
    let typed = std::mem::take(&mut visit.typed);
    let mut shown = Shown { typed, mistake: None, notice: None };
    match flash {
        Some(Flash::Misread) => match read(ask, &shown.typed) {
            Err(Misread { mistake, typed }) if !typed.is_empty() => {
                shown = Shown { typed, mistake: Some(mistake), notice: None };
            }
            _ => shown.notice = Some(CodeNotice::TypeItYourself),
        },
        Some(Flash::Throttled(until)) => {
            shown.mistake = Some(Mistake::TooManyTries { wait: super::wait(ask, until) });
        }
        Some(Flash::TypeIt) => shown.notice = Some(CodeNotice::TypeItYourself),
        Some(Flash::Unusable) => shown.mistake = Some(Mistake::Unusable),
        Some(Flash::Account(_) | Flash::Devices(_) | Flash::Linked | Flash::SignIn(_)) | None => {}
    }
    let page = page(ask, &visit, StatusCode::OK, shown).await;
    page.unwrap_or_else(|_| error::unavailable(ask))
}

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let mut visit = Visit::of(ask);
    if !csrf::fits_visit(ask, form, Action::Code, &visit) {
        return error::forbidden(ask);
    }
    match read(ask, form.get(field::USER_CODE).unwrap_or_default()) {
        Ok(code) => {
            visit.bring(&code, Arrival::Typed);
            visit.go(ask, Next::Decision.path())
        }
        Err(Misread { mistake, typed }) => {
            let shown = Shown { typed, mistake: Some(mistake), notice: None };
            let page = page(ask, &visit, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
            page.unwrap_or_else(|_| error::unavailable(ask))
        }
    }
}

/// What a person is told about a text that is no code, and what stands in the field then.
pub(super) struct Misread {
    mistake: Mistake,
    typed: String,
}

/// Reads a code in the alphabet of this service, or in the other one, since clients may have their own.
///
/// # Errors
/// It is none. A digit that was read as a letter is shown to the person before it counts.
pub(super) fn read(ask: &Ask<'_>, typed: &str) -> Result<UserCode, Misread> {
    let alphabet = ask.flow().settings().device.alphabet;
    let plainly = |alphabet| UserCode::read(alphabet, typed).ok().filter(|read| !read.corrected);
    if let Some(read) = plainly(alphabet).or_else(|| plainly(other(alphabet))) {
        return Ok(read.code);
    }
    match UserCode::read(alphabet, typed) {
        Ok(read) => match digit_read(alphabet, typed, &read) {
            Some(mistake) => Err(Misread { mistake, typed: read.code.grouped() }),
            None => Ok(read.code),
        },
        Err(mistake) => Err(Misread { mistake: name(mistake, alphabet, typed), typed: typed.to_owned() }),
    }
}

const fn other(alphabet: Alphabet) -> Alphabet {
    match alphabet {
        Alphabet::Base20 => Alphabet::Digits,
        Alphabet::Digits => Alphabet::Base20,
    }
}

/// The digit among letters, and the letter that it was read as. Letters among digits can only be what they look like.
fn digit_read(alphabet: Alphabet, typed: &str, read: &Read) -> Option<Mistake> {
    let code = read.code.grouped();
    let members = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
    let mut pairs = members(typed).into_iter().zip(members(&code));
    let (found, read_as) = pairs.find(|(found, _)| found.is_numeric())?;
    (alphabet == Alphabet::Base20).then_some(Mistake::DigitRead { found, read_as })
}

fn name(mistake: secret::Mistake, alphabet: Alphabet, typed: &str) -> Mistake {
    match mistake {
        secret::Mistake::Empty => Mistake::Empty,
        secret::Mistake::Foreign('Y') if alphabet == Alphabet::Base20 => {
            Mistake::HasVowel { found: 'Y', perhaps: Some('V') }
        }
        secret::Mistake::Foreign(found) => Mistake::NotInAlphabet { found },
        secret::Mistake::TooLong => Mistake::TooLong,
        secret::Mistake::TooShort(missing) => match typed.chars().find(|c| is_no_separator(*c)) {
            Some(found) => Mistake::NotInAlphabet { found },
            None => Mistake::TooShort { missing },
        },
        secret::Mistake::Vowel(found) => Mistake::HasVowel { found, perhaps: resembling(found) },
    }
}

/// Whether a character that was passed over is one that nobody writes between the letters of a code: it stands where a
/// letter is missing.
fn is_no_separator(c: char) -> bool {
    !c.is_alphanumeric()
        && !c.is_ascii()
        && !c.is_whitespace()
        && !matches!(c, '\u{ad}' | '\u{b7}' | '\u{2000}'..='\u{206f}' | '\u{2212}' | '\u{feff}' | '\u{ff00}'..='\u{ff0f}')
}

/// The consonant that a vowel is mistaken for.
const fn resembling(vowel: char) -> Option<char> {
    match vowel {
        'E' => Some('F'),
        'I' => Some('L'),
        'O' => Some('Q'),
        'U' => Some('V'),
        _ => None,
    }
}

/// What the page shows beside the field's frame.
struct Shown {
    typed: String,
    mistake: Option<Mistake>,
    notice: Option<CodeNotice>,
}

async fn page(ask: &Ask<'_>, visit: &Visit, status: StatusCode, shown: Shown) -> Result<Reply, Unavailable> {
    let person = person::of(ask).await?;
    let kind = match ask.flow().settings().device.alphabet {
        Alphabet::Base20 => CodeKind::Letters,
        Alphabet::Digits => CodeKind::Digits,
    };
    let page = CodePage {
        site: &ask.app.site,
        csrf: &csrf::of_visit(ask, Action::Code, visit),
        kind,
        user_code: Plain::new(&shown.typed, MAX_TYPED),
        mistake: shown.mistake,
        notice: shown.notice,
        account: person.map(|person| Plain::name(person.user.name.as_str())),
    };
    Ok(visit.keep(ask, super::show(ask, status, &page)))
}
