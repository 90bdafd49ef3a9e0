//! Reads what the command line names into [`Facts`].

use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use archive::{Archive, Inputs};
use bgp::{Asn, Prefix};
use rpki_sources::{PUBLIC_VALIDATORS, Source, Sources, load_once_blocking};
use setup::{Facts, RouteObject, announced_prefixes, route_objects};

use super::InitArgs;
use super::tables;
use crate::arguments::now;
use crate::console::Console;
use crate::exit::Failure;

/// No list of what one AS announces is longer.
const LIST_MAX: u64 = 64 << 20;

/// All that the command line names, about these ASes. With what could not be had, a sentence each.
pub(super) fn read(
    args: &InitArgs,
    asns: Vec<Asn>,
    sources: &Sources,
) -> Result<(Facts, Vec<String>), Failure> {
    let mut facts = Facts { asns, ..Facts::default() };
    let mut notes = Vec::new();
    if !sources.list.is_empty() {
        let (snapshot, said) = load_once_blocking(sources, Some(now()))?;
        facts.snapshot = Arc::unwrap_or_clone(snapshot);
        notes.extend(said);
    }
    announced(&args.announced, &mut facts, &mut notes)?;
    let inputs = inputs(args)?;
    own_objects(&args.irr, &mut facts, &mut notes)?;
    if !inputs.inputs.is_empty() {
        // Each is read twice.
        let console = Console::new(inputs.size().map(|octets| octets * 2));
        let (survey, said) =
            tables::survey(&facts.asns, facts.known_prefixes(), &inputs.inputs, &console);
        console.done();
        facts.survey = Some(survey);
        notes.extend(said);
    }
    objects_inside(&args.irr, &mut facts)?;
    Ok((facts, notes))
}

/// The sources of VRPs of the command line; without any, public validators, unless only what is named is to be asked.
pub(super) fn vrp_sources(args: &InitArgs) -> Result<Sources, Failure> {
    let named = args.vrps.iter().map(String::as_str);
    let public = PUBLIC_VALIDATORS.iter().copied();
    let public = public.filter(|_| args.vrps.is_empty() && !args.update && !args.offline);
    let list = named.chain(public).map(|text| Source::parse(text, Path::new("")));
    Ok(Sources { list: list.collect::<Result<_, _>>()?, ..Sources::default() })
}

/// The tables, which must be there twice.
fn inputs(args: &InitArgs) -> Result<Inputs, Failure> {
    if args.rib.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::Usage(
            "--rib: a table is read twice, standard input only once".to_owned(),
        ));
    }
    let archive =
        Archive { broker: args.broker.clone(), cache: args.cache.clone(), ..Archive::default() };
    let cache = args.cache.as_ref().map(|_| archive.open_cache()).transpose()?;
    let mut inputs = Inputs::find(&args.rib, cache.as_ref());
    if let Some((name, why)) = inputs.unreadable.first() {
        return Err(Failure::Usage(format!("{name}: {why}")));
    }
    for collector in &args.collector {
        let table = archive.last_rib(collector, now())?;
        let none = || Failure::Usage(format!("no table of {collector} from the last day is known"));
        inputs.add(vec![table.ok_or_else(none)?]);
    }
    Ok(inputs)
}

fn announced(paths: &[PathBuf], facts: &mut Facts, notes: &mut Vec<String>) -> Result<(), Failure> {
    for path in paths {
        let mut json = Vec::new();
        let read = open(path)?.take(LIST_MAX).read_to_end(&mut json);
        read.map_err(|error| Failure::read(path, error))?;
        let (asn, prefixes) = announced_prefixes(&json)
            .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        if !facts.asns.contains(&asn) {
            notes.push(format!(
                "{}: is about {asn}, which is none of yours; left out",
                path.display()
            ));
            continue;
        }
        let all = facts.announced.get_or_insert_default();
        all.extend(prefixes.into_iter().map(|prefix| (prefix, asn)));
    }
    Ok(())
}

/// The route objects of our ASes.
fn own_objects(
    paths: &[PathBuf],
    facts: &mut Facts,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let asns = facts.asns.clone();
    for path in paths {
        let (objects, damaged) = objects(path, |object| asns.contains(&object.origin))?;
        facts.route_objects.extend(objects);
        if damaged > 0 {
            notes.push(format!(
                "{}: {damaged} route objects cannot be read; left out",
                path.display()
            ));
        }
    }
    Ok(())
}

/// The route objects that others have in our space, where tables show what that is.
fn objects_inside(paths: &[PathBuf], facts: &mut Facts) -> Result<(), Failure> {
    let Some(survey) = &facts.survey else { return Ok(()) };
    let space = survey.space(facts.known_prefixes());
    let asns: BTreeSet<Asn> = facts.asns.iter().copied().collect();
    let inside = |prefix: Prefix| space.covering(prefix).is_some();
    for path in paths {
        let (objects, _) =
            objects(path, |object| !asns.contains(&object.origin) && inside(object.prefix))?;
        facts.route_objects.extend(objects);
    }
    Ok(())
}

fn objects(
    path: &Path,
    wanted: impl Fn(&RouteObject) -> bool,
) -> Result<(Vec<RouteObject>, u64), Failure> {
    let found = route_objects(BufReader::new(open(path)?), wanted);
    found.map_err(|error| Failure::read(path, error))
}

/// A file or what is behind a URL, unpacked.
fn open(path: &Path) -> Result<impl Read + use<>, Failure> {
    let inputs = Inputs::find(&[path.to_owned()], None);
    let input = inputs.inputs.first().ok_or_else(|| {
        let why = inputs.unreadable.first().map(|(_, why)| why.clone()).unwrap_or_default();
        Failure::Usage(format!("{}: {why}", path.display()))
    })?;
    input.unpacked().map_err(|error| Failure::read(path, error))
}
