//! Execution of one script's directives.

use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};
use wrt_interpreter::{LinkError, Module, Value};

use crate::backend::Backend;
use crate::expected;
use crate::proposals::Rules;
use crate::report::{Kind, Place, Report, Verdict};
use crate::suite::{Group, Script};
use crate::world::{Stop, World};

/// The one group that is not executed.
const NO_THREADS: &str = "the threads group is validated, not executed";

/// Runs a script and counts its assertions.
pub(crate) fn run(backend: &Backend, group: &Group, script: &Script, report: &mut Report) {
    let Group { name: group, rules, .. } = group;
    let whole = Place { script: &script.name, line: 1, text: "the script" };
    let mut lexer = Lexer::new(&script.text);
    lexer.allow_confusing_unicode(true);
    let buffer = match ParseBuffer::new_with_lexer(lexer) {
        Ok(buffer) => buffer,
        Err(error) => return report.fail(group, &whole, &error.message()),
    };
    let directives = match parse::<Wast<'_>>(&buffer) {
        Ok(wast) => wast.directives,
        Err(error) => return report.fail(group, &whole, &error.message()),
    };
    match World::new(backend.clone()) {
        Ok(world) => {
            let mut runner = Runner { group, script, rules: *rules, world, report };
            directives.into_iter().for_each(|directive| runner.directive(directive));
        }
        Err(error) => report.fail(group, &whole, &error.to_string()),
    }
}

struct Runner<'a> {
    group: &'a str,
    script: &'a Script,
    rules: Rules,
    world: World,
    report: &'a mut Report,
}

impl Runner<'_> {
    fn directive(&mut self, directive: WastDirective<'_>) {
        let span = directive.span();
        if let WastDirective::Thread(thread) = directive {
            return thread.directives.into_iter().for_each(|inner| self.directive(inner));
        }
        match kind(&directive) {
            Some(kind @ (Kind::Invalid | Kind::Malformed)) => {
                let verdict = self.refused(directive);
                self.count(kind, span, verdict);
            }
            Some(kind) if self.rules.only_validates() => {
                self.count(kind, span, Verdict::Skipped(NO_THREADS.into()));
            }
            Some(kind) => {
                let verdict = self.assertion(directive);
                self.count(kind, span, verdict);
            }
            None if self.rules.only_validates() => {}
            None => match self.command(directive) {
                // The assertions about it will be skipped.
                Ok(()) | Err(Stop::DoesNotFit(_)) => {}
                Err(stop) => {
                    let place = place(self.script, span);
                    self.report.fail(self.group, &place, &stop.describe());
                }
            },
        }
    }

    fn count(&mut self, kind: Kind, span: Span, verdict: Verdict) {
        self.report.count(self.group, kind, &place(self.script, span), verdict);
    }

    /// A directive that must succeed.
    fn command(&mut self, directive: WastDirective<'_>) -> Result<(), Stop> {
        match directive {
            WastDirective::Module(mut module) => {
                self.world.make_room().map_err(|error| Stop::Other(error.to_string()))?;
                let name = module.name();
                let module = self.load(&mut module)?;
                self.world.enter(name_of(name), &module)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name();
                let module = self.load(&mut module)?;
                self.world.define(name_of(name), module);
                Ok(())
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let missing = || Stop::Other("there is no such definition".into());
                let module = self.world.definition(name_of(module)).ok_or_else(missing)?;
                self.world.enter(name_of(instance), &module)
            }
            WastDirective::Register { name, module, .. } => {
                self.world.register(name, name_of(module))
            }
            WastDirective::Invoke(call) => self.invoke(&call).map(|_| ()),
            _ => Err(Stop::Other("a directive that is not known here".into())),
        }
    }

    fn assertion(&mut self, directive: WastDirective<'_>) -> Verdict {
        let verdict = match directive {
            WastDirective::AssertReturn { exec, results, .. } => self.returns(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec);
                traps(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call);
                traps(outcome, message)
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                self.does_not_link(module, message)
            }
            _ => Verdict::Failed("an assertion that is not known here".into()),
        };
        match (verdict, self.world.refused()) {
            // The script counts on more memory than the arena has.
            (Verdict::Failed(_), Some(refused)) => does_not_fit(&refused),
            (verdict, _) => verdict,
        }
    }

    fn returns(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Verdict {
        match self.execute(exec) {
            Ok(found) if expected::all_match(expected, &found) => Verdict::Passed,
            Ok(found) => Verdict::Failed(format!("expected {expected:?}, got {found:?}")),
            Err(Stop::DoesNotFit(why)) => does_not_fit(&why),
            Err(stop) => Verdict::Failed(format!("expected {expected:?}, got {}", stop.describe())),
        }
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Vec<Value>, Stop> {
        match exec {
            WastExecute::Invoke(call) => self.invoke(&call),
            WastExecute::Get { module, global, .. } => {
                self.world.global(name_of(module), global).map(|value| vec![value])
            }
            WastExecute::Wat(module) => {
                let module = self.load(&mut QuoteWat::Wat(module))?;
                self.world.instantiate(&module).map(|_| Vec::new())
            }
        }
    }

    fn invoke(&mut self, call: &WastInvoke<'_>) -> Result<Vec<Value>, Stop> {
        let args: Option<Vec<_>> = call.args.iter().map(expected::argument).collect();
        let unknown = || Stop::Other("an argument of a type that is not known here".into());
        self.world.invoke(name_of(call.module), call.name, &args.ok_or_else(unknown)?)
    }

    fn load(&self, module: &mut QuoteWat<'_>) -> Result<Module, Stop> {
        let bytes = module.encode().map_err(|error| Stop::Other(error.message()))?;
        self.rules.load(&bytes).map_err(|error| Stop::Other(error.to_string()))
    }

    fn does_not_link(&mut self, module: Wat<'_>, message: &str) -> Verdict {
        let outcome = match self.load(&mut QuoteWat::Wat(module)) {
            Ok(module) => self.world.instantiate(&module),
            Err(stop) => Err(stop),
        };
        match outcome {
            Err(Stop::Link(error)) if is_link_error(&error, message) => Verdict::Passed,
            Err(Stop::DoesNotFit(why)) => does_not_fit(&why),
            Err(stop) => Verdict::Failed(format!("expected {message:?}, got {}", stop.describe())),
            Ok(_) => Verdict::Failed(format!("expected {message:?}, but it links")),
        }
    }

    /// Text that cannot be encoded is malformed; a module that can be encoded must be refused by
    /// the validator.
    fn refused(&self, directive: WastDirective<'_>) -> Verdict {
        let (mut module, message) = match directive {
            WastDirective::AssertMalformed { module, message, .. }
            | WastDirective::AssertMalformedCustom { module, message, .. }
            | WastDirective::AssertInvalid { module, message, .. }
            | WastDirective::AssertInvalidCustom { module, message, .. } => (module, message),
            _ => return Verdict::Failed("an assertion that is not known here".into()),
        };
        let judged = module.encode().map_or(Ok(()), |bytes| self.rules.refuses(&bytes));
        match judged {
            Ok(()) => Verdict::Passed,
            Err(why) => Verdict::Failed(format!("expected {message:?}, but {why}")),
        }
    }
}

/// The kind of an assertion; `None` if the directive is a command.
fn kind(directive: &WastDirective<'_>) -> Option<Kind> {
    match directive {
        WastDirective::AssertReturn { .. } => Some(Kind::Return),
        WastDirective::AssertTrap { .. }
        | WastDirective::AssertExhaustion { .. }
        | WastDirective::AssertException { .. }
        | WastDirective::AssertSuspension { .. } => Some(Kind::Trap),
        WastDirective::AssertUnlinkable { .. } => Some(Kind::Unlinkable),
        WastDirective::AssertInvalid { .. } | WastDirective::AssertInvalidCustom { .. } => {
            Some(Kind::Invalid)
        }
        WastDirective::AssertMalformed { .. } | WastDirective::AssertMalformedCustom { .. } => {
            Some(Kind::Malformed)
        }
        _ => None,
    }
}

fn name_of(id: Option<Id<'_>>) -> Option<&str> {
    id.map(|id| id.name())
}

fn does_not_fit(why: &str) -> Verdict {
    Verdict::Skipped(format!("its memory does not fit 16 MiB: {why}"))
}

/// Compares a trap with its message. A script's message may have more detail than the trap, such as
/// the uninitialized element, or less.
fn traps(outcome: Result<Vec<Value>, Stop>, message: &str) -> Verdict {
    match outcome {
        Err(Stop::Trap(text)) if message.starts_with(&text) || text.starts_with(message) => {
            Verdict::Passed
        }
        Err(Stop::DoesNotFit(why)) => does_not_fit(&why),
        Err(stop) => Verdict::Failed(format!("expected trap: {message}, got {}", stop.describe())),
        Ok(found) => Verdict::Failed(format!("expected trap: {message}, got {found:?}")),
    }
}

fn is_link_error(error: &LinkError, message: &str) -> bool {
    match error {
        LinkError::UnknownImport { .. } => message == "unknown import",
        LinkError::IncompatibleType { .. } => {
            // The second is the wording of the proposal for custom page sizes.
            matches!(message, "incompatible import type" | "memory types incompatible")
        }
    }
}

/// Location of a directive.
fn place(script: &Script, span: Span) -> Place<'_> {
    let (line, _) = span.linecol_in(&script.text);
    let text = script.text.lines().nth(line).unwrap_or_default().trim();
    Place { script: &script.name, line: line + 1, text }
}
