//! What can be said to be wrong with a parsed condition before it is evaluated.
//!
//! Invariant: what passes here names only what exists, walks over data at one level and in a fixed
//! order, and can be true.

use cel::{
    Program,
    common::ast::{CallExpr, ComprehensionExpr, Expr, operators},
    parser::Expression,
};

use super::{
    Finding,
    calls::{FUNCTIONS, Function, MACROS, function},
    kind::not_boolean,
    path::{Path, Root, path_of},
    place, tree,
};

const OPERATORS: [&str; 18] = [
    operators::ADD,
    operators::CONDITIONAL,
    operators::DIVIDE,
    operators::EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::INDEX,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::LOGICAL_AND,
    operators::LOGICAL_NOT,
    operators::LOGICAL_OR,
    operators::MODULO,
    operators::MULTIPLY,
    operators::NEGATE,
    operators::NOT_EQUALS,
    operators::SUBSTRACT,
];

/// Begins the name of a macro's result; no source can name it.
const RESULT: char = '@';

/// Returns everything that is wrong with a parsed condition.
pub(super) fn check(program: &Program, source: &str) -> Vec<Finding> {
    let mut checker = Checker { program, source, variables: Vec::new(), findings: Vec::new() };
    checker.boolean(program.expression());
    checker.visit(program.expression());
    checker.findings
}

struct Checker<'p> {
    program: &'p Program,
    source: &'p str,
    /// The variables of the comprehensions around what is being visited.
    variables: Vec<&'p str>,
    findings: Vec<Finding>,
}

impl<'p> Checker<'p> {
    fn find(&mut self, id: u64, code: &'static str, message: String) {
        let (line, column) = place(self.program, self.source, id);
        self.findings.push(Finding { code, message, line, column });
    }

    fn visit(&mut self, expr: &'p Expression) {
        if let Some(path) = path_of(expr) {
            return self.path(&path);
        }
        match &expr.expr {
            Expr::Ident(name) => self.name(expr.id, name),
            Expr::Select(select) if select.test => {
                if let Some(mut path) = path_of(&select.operand) {
                    path.fields.push(&select.field);
                    return self.path(&path);
                }
            }
            Expr::Call(call) => self.call(expr.id, call),
            Expr::Struct(message) => self.find(
                expr.id,
                "unknown_name",
                format!("there is no type `{}` to make a value of", message.type_name),
            ),
            Expr::Comprehension(walk) => return self.walk(expr.id, walk),
            Expr::Unspecified => {
                self.find(expr.id, "syntax", "something is missing here".to_owned());
            }
            Expr::Select(_) | Expr::Literal(_) | Expr::List(_) | Expr::Map(_) => {}
        }
        for child in tree::children(expr) {
            self.visit(child);
        }
    }

    fn path(&mut self, path: &Path<'_>) {
        if let (Some(fields), Some(field)) = (path.root.fields(), path.fields.first())
            && !fields.contains(field)
        {
            let root = path.root.name();
            let message = format!("`{root}` has no field `{field}`; it has {}", fields.join(", "));
            self.find(path.first, "unknown_name", message);
        }
    }

    fn name(&mut self, id: u64, name: &str) {
        if !name.starts_with(RESULT) && !self.variables.contains(&name) {
            let message =
                format!("there is no `{name}`; a condition sees event, profile and facts");
            self.find(id, "unknown_name", message);
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) {
        let name = call.func_name.as_str();
        match name {
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => {
                for operand in &call.args {
                    self.boolean(operand);
                }
            }
            operators::CONDITIONAL => {
                if let Some(test) = call.args.first() {
                    self.boolean(test);
                }
            }
            // Adding a map to a list adds its keys; a macro's own result is no such sum.
            operators::ADD if !matches!(call.args.first(), Some(first) if is_result(first)) => {
                self.ordered(id, &call.args);
            }
            _ if OPERATORS.contains(&name) => {}
            _ => self.function(id, call),
        }
    }

    fn function(&mut self, id: u64, call: &CallExpr) {
        let name = &call.func_name;
        let count = call.args.len();
        let message = match function(name) {
            None => {
                let known = FUNCTIONS.iter().map(|function| function.name).chain(MACROS);
                let known = known.collect::<Vec<_>>().join(", ");
                let name = name.trim_start_matches('@');
                format!("there is no such call of `{name}`; a condition can call {known}")
            }
            Some(known) => {
                let counts = if call.target.is_some() { known.on_value } else { known.plain };
                if counts.contains(&count) {
                    return;
                }
                format!("`{name}` is not called like this; write {}", usage(known))
            }
        };
        self.find(id, "unknown_function", message);
    }

    fn boolean(&mut self, expr: &Expression) {
        if let Some((part, kind)) = not_boolean(expr) {
            let message = format!(
                "this gives {}, which is neither true nor false; compare it with something",
                kind.name()
            );
            self.find(part.id, "not_boolean", message);
        }
    }

    /// Refuses maps of the condition where the order of their keys, which changes from one
    /// evaluation to the next, could be seen.
    fn ordered(&mut self, id: u64, operands: &[Expression]) {
        if operands.iter().any(|operand| tree::any(operand, |expr| matches!(expr, Expr::Map(_)))) {
            let message = "the keys of a map that is written here have no order; write a list";
            self.find(id, "unordered_map", message.to_owned());
        }
    }

    fn walk(&mut self, id: u64, walk: &'p ComprehensionExpr) {
        if !self.variables.is_empty() {
            let message = "a walk over a list inside another one takes too long; split the \
                           condition or compare with `in`";
            self.find(id, "nested_comprehension", message.to_owned());
        }
        let name = walk.iter_var.as_str();
        if Root::named(name).is_some() {
            let message = format!("`{name}` is taken; give the element another name");
            self.find(id, "unknown_name", message);
        }
        self.ordered(id, std::slice::from_ref(&walk.iter_range));
        self.visit(&walk.iter_range);
        self.variables.push(name);
        self.visit(&walk.loop_step);
        self.variables.pop();
    }
}

fn is_result(expr: &Expression) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name.starts_with(RESULT))
}

fn usage(function: &Function) -> String {
    let name = function.name;
    let arguments = |count: usize| ["", "x", "x, y"].get(count).copied().unwrap_or("…");
    let on_value =
        function.on_value.iter().map(|count| format!("value.{name}({})", arguments(*count)));
    let plain = function.plain.iter().map(|count| format!("{name}({})", arguments(*count)));
    on_value.chain(plain).collect::<Vec<_>>().join(" or ")
}
