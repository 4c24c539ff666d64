//! What the built-in libraries have the worker do: hashes, random bytes, addresses of the web.

use super::places;
use super::state::State;
use md5::Md5;
use rquickjs::{Ctx, Exception, Function, Object, Persistent, Result, TypedArray, Value};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use std::rc::Rc;
use std::time::Duration;
use url::{Url, quirks};

/// The object that only the built-in libraries see.
pub fn natives<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    natives.set("hash", Function::new(ctx.clone(), hash)?)?;
    let held = Rc::clone(state);
    let random_bytes = move |ctx: Ctx<'js>, count: u32| TypedArray::new(ctx, held.random_bytes(count as usize));
    natives.set("randomBytes", Function::new(ctx.clone(), random_bytes)?)?;
    natives.set("urlParse", Function::new(ctx.clone(), parse_url)?)?;
    natives.set("urlSet", Function::new(ctx.clone(), set_part)?)?;
    let to_ascii = |domain: String| quirks::domain_to_ascii(&domain);
    natives.set("domainToAscii", Function::new(ctx.clone(), to_ascii)?)?;
    let to_unicode = |domain: String| quirks::domain_to_unicode(&domain);
    natives.set("domainToUnicode", Function::new(ctx.clone(), to_unicode)?)?;
    for_tests(ctx, &natives, state)?;
    Ok(natives)
}

/// What runs an author's tests needs: to be heard at once, and to go on after a test that failed anyhow.
fn for_tests<'js>(ctx: &Ctx<'js>, natives: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let held = Rc::clone(state);
    let tell = move |ctx: Ctx<'js>, line: String| tell(&ctx, &held, &line);
    natives.set("tell", Function::new(ctx.clone(), tell)?)?;
    let held = Rc::clone(state);
    let describe = move |ctx: Ctx<'js>, thrown: Value<'js>| -> Result<String> {
        let failure = places::describe(&ctx, &held, &thrown).cut();
        serde_json::to_string(&failure).map_err(|error| Exception::throw_message(&ctx, &error.to_string()))
    };
    natives.set("describe", Function::new(ctx.clone(), describe)?)?;
    let held = Rc::clone(state);
    let watch = move |milliseconds: Option<f64>| {
        let time = milliseconds.and_then(|milliseconds| Duration::try_from_secs_f64(milliseconds / 1000.0).ok());
        held.budget.watch(time);
    };
    natives.set("watch", Function::new(ctx.clone(), watch)?)?;
    let held = Rc::clone(state);
    let on_uncaught = move |ctx: Ctx<'js>, listener: Function<'js>| {
        held.uncaught.replace(Some(Persistent::save(&ctx, listener)));
    };
    natives.set("onUncaught", Function::new(ctx.clone(), on_uncaught)?)
}

/// Sends a line to the host now, so that it is known should what follows end the process.
fn tell(ctx: &Ctx<'_>, state: &State, line: &str) -> Result<()> {
    state
        .wire
        .say(line)
        .map_err(|too_much| Exception::throw_range(ctx, &too_much.to_string()))?;
    state
        .wire
        .flush()
        .map_err(|error| Exception::throw_message(ctx, &error.to_string()))
}

fn hash<'js>(ctx: Ctx<'js>, algorithm: String, bytes: TypedArray<'js, u8>) -> Result<TypedArray<'js, u8>> {
    // SAFETY: no script runs, and so none can change or free the bytes, until the digest is made.
    let bytes = unsafe { bytes.as_bytes() }.unwrap_or_default();
    let digest = match algorithm.as_str() {
        "md5" => Md5::digest(bytes).to_vec(),
        "sha1" => Sha1::digest(bytes).to_vec(),
        "sha224" => Sha224::digest(bytes).to_vec(),
        "sha256" => Sha256::digest(bytes).to_vec(),
        "sha384" => Sha384::digest(bytes).to_vec(),
        "sha512" => Sha512::digest(bytes).to_vec(),
        _ => return Err(Exception::throw_message(&ctx, "Digest method not supported")),
    };
    TypedArray::new(ctx, digest)
}

/// The parts of an address in the order of the library's own list; `None` if it is none.
fn parse_url(input: String, base: Option<String>) -> Option<Vec<String>> {
    let base = match base {
        Some(base) => Some(Url::parse(&base).ok()?),
        None => None,
    };
    let url = Url::options().base_url(base.as_ref()).parse(&input).ok()?;
    Some(parts(&url))
}

/// The same with one part changed; `None` if that cannot be.
fn set_part(href: String, part: String, value: String) -> Option<Vec<String>> {
    let mut url = Url::parse(&href).ok()?;
    let set = match part.as_str() {
        "href" => quirks::set_href(&mut url, &value).map_err(drop),
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => Err(()),
    };
    set.ok().map(|()| parts(&url))
}

fn parts(url: &Url) -> Vec<String> {
    let origin = quirks::origin(url);
    [
        quirks::href(url),
        &origin,
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ]
    .map(str::to_owned)
    .into()
}
