//! Where shaders leave the rounding to the device, found in their compiled form: for tests.
//!
//! The language lets a device join a product and a sum, and only bounds the error of quotients and functions. `shaders/float.wgsl`
//! has what is exact; everything else that could differ is reported here.

use std::collections::BTreeSet;

use wgpu::naga::valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator};
use wgpu::naga::{
    AddressSpace, BinaryOperator, Block, Expression, Function, Handle, MathFunction, Module,
    ScalarKind, Statement, front,
};

/// Functions that only choose, cut or round to whole numbers, and those of integers.
const EXACT: [MathFunction; 6] = [
    MathFunction::Abs,
    MathFunction::Max,
    MathFunction::Min,
    MathFunction::Round,
    MathFunction::Dot4I8Packed,
    MathFunction::Clamp,
];

/// What may hold a product that was not rounded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    /// An argument of a function.
    Argument(usize, u32),
    /// What a function returns.
    Result(usize),
    /// A variable of a function.
    Local(usize, usize),
    /// A variable of an invocation.
    Private(usize),
}

struct Search<'a> {
    module: &'a Module,
    holders: BTreeSet<Holder>,
}

/// A function and what is known of its types; `index` is that of functions, entry points after the others.
struct Body<'a> {
    index: usize,
    function: &'a Function,
    info: &'a FunctionInfo,
}

/// What in a shader the device may round in its own way: sentences such as `norm adds a product`.
pub fn inexact(source: &str) -> BTreeSet<String> {
    let module = front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let bodies = bodies(&module, &info);
    let mut search = Search {
        module: &module,
        holders: BTreeSet::new(),
    };
    loop {
        let before = search.holders.len();
        for body in &bodies {
            search.follow(body, &body.function.body);
            for (local, variable) in body.function.local_variables.iter() {
                if variable
                    .init
                    .is_some_and(|init| search.is_product(body, init))
                {
                    let holder = Holder::Local(body.index, local.index());
                    search.holders.insert(holder);
                }
            }
        }
        if search.holders.len() == before {
            break;
        }
    }
    bodies.iter().flat_map(|body| search.report(body)).collect()
}

fn bodies<'a>(module: &'a Module, info: &'a ModuleInfo) -> Vec<Body<'a>> {
    let functions = module
        .functions
        .iter()
        .map(|(handle, function)| (function, &info[handle]));
    let entries = module.entry_points.iter().enumerate();
    let entries = entries.map(|(i, entry)| (&entry.function, info.get_entry_point(i)));
    let all = functions.chain(entries).enumerate();
    all.map(|(index, (function, info))| Body {
        index,
        function,
        info,
    })
    .collect()
}

impl Body<'_> {
    fn is_float(&self, expression: Handle<Expression>, module: &Module) -> bool {
        let kind = self.info[expression].ty.inner_with(&module.types);
        kind.scalar_kind() == Some(ScalarKind::Float)
    }
}

impl Search<'_> {
    /// What a pointer points into, unless that is memory which other invocations see.
    fn holder(&self, body: &Body, pointer: Handle<Expression>) -> Option<Holder> {
        match body.function.expressions[pointer] {
            Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => {
                self.holder(body, base)
            }
            Expression::LocalVariable(local) => Some(Holder::Local(body.index, local.index())),
            Expression::FunctionArgument(i) => Some(Holder::Argument(body.index, i)),
            Expression::GlobalVariable(global) => {
                let space = self.module.global_variables[global].space;
                (space == AddressSpace::Private).then(|| Holder::Private(global.index()))
            }
            _ => None,
        }
    }

    /// Whether a float may be a product that was not rounded.
    fn is_product(&self, body: &Body, expression: Handle<Expression>) -> bool {
        let is = |expression: Handle<Expression>| self.is_product(body, expression);
        let holds = |holder: Holder| self.holders.contains(&holder);
        match &body.function.expressions[expression] {
            // Bits seen as a float are those of the float, unless they were computed with.
            Expression::As { expr, .. } | Expression::Unary { expr, .. } => is(*expr),
            Expression::Binary { op, .. } => {
                *op == BinaryOperator::Multiply && body.is_float(expression, self.module)
            }
            Expression::Math {
                fun,
                arg,
                arg1,
                arg2,
                ..
            } => {
                let arguments = [Some(*arg), *arg1, *arg2];
                *fun != MathFunction::Round && arguments.into_iter().flatten().any(is)
            }
            Expression::Select { accept, reject, .. } => is(*accept) || is(*reject),
            Expression::Splat { value, .. } => is(*value),
            Expression::Swizzle { vector, .. } => is(*vector),
            Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => is(*base),
            Expression::Compose { components, .. } => components.iter().copied().any(is),
            Expression::Load { pointer } => self.holder(body, *pointer).is_some_and(holds),
            Expression::FunctionArgument(i) => holds(Holder::Argument(body.index, *i)),
            Expression::CallResult(function) => holds(Holder::Result(function.index())),
            _ => false,
        }
    }

    /// Follows products through stores, calls and returns.
    fn follow(&mut self, body: &Body, block: &Block) {
        for statement in block {
            match statement {
                Statement::Block(block) => self.follow(body, block),
                Statement::If { accept, reject, .. } => {
                    self.follow(body, accept);
                    self.follow(body, reject);
                }
                Statement::Switch { cases, .. } => {
                    for case in cases {
                        self.follow(body, &case.body);
                    }
                }
                Statement::Loop {
                    body: turn,
                    continuing,
                    ..
                } => {
                    self.follow(body, turn);
                    self.follow(body, continuing);
                }
                Statement::Store { pointer, value } if self.is_product(body, *value) => {
                    self.holders.extend(self.holder(body, *pointer));
                }
                Statement::Return { value: Some(value) } if self.is_product(body, *value) => {
                    self.holders.insert(Holder::Result(body.index));
                }
                Statement::Call {
                    function,
                    arguments,
                    ..
                } => {
                    for (i, argument) in arguments.iter().enumerate() {
                        if self.is_product(body, *argument) {
                            let holder = Holder::Argument(function.index(), i as u32);
                            self.holders.insert(holder);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn report(&self, body: &Body) -> Vec<String> {
        let name = body.function.name.as_deref().unwrap_or("main");
        let mut found = Vec::new();
        for (handle, expression) in body.function.expressions.iter() {
            match expression {
                Expression::Binary { op, left, right } if body.is_float(handle, self.module) => {
                    let is_sum = matches!(op, BinaryOperator::Add | BinaryOperator::Subtract);
                    if is_sum && [left, right].iter().any(|&&x| self.is_product(body, x)) {
                        found.push(format!("{name} adds a product"));
                    } else if *op == BinaryOperator::Divide {
                        found.push(format!("{name} divides"));
                    }
                }
                Expression::Math { fun, .. } if !EXACT.contains(fun) => {
                    found.push(format!("{name} uses {fun:?}"));
                }
                _ => {}
            }
        }
        found
    }
}

mod tests {
    use super::super::kernels::{Dialect, shaders};
    use super::inexact;

    /// What is reported of a shader that has two floats, a and b.
    fn reports(functions: &str, main: &str) -> Vec<String> {
        let data = "@group(0) @binding(0) var<storage, read_write> data: array<f32>;";
        let main = format!("let a = data[0]; let b = data[1]; {main}");
        let source =
            format!("{data} {functions} @compute @workgroup_size(1) fn main() {{ {main} }}");
        inexact(&source).into_iter().collect()
    }

    #[test]
    fn only_scores_are_left_to_the_device() {
        let corrected = ["quotient divides", "root uses Sqrt"];
        for (packed, subgroups) in [(false, false), (true, true)] {
            for (name, code) in shaders(Dialect { packed, subgroups }) {
                let expected: &[&str] = match name {
                    "Beam" => &["score divides", "score uses Pow"],
                    "Select" => &["main uses Log", corrected[0], corrected[1]],
                    _ => &corrected,
                };
                let found: Vec<_> = inexact(&code).into_iter().collect();
                assert_eq!(found, expected, "{name}");
            }
        }
    }

    #[test]
    fn products_are_found_wherever_they_go() {
        let twice = "fn twice(x: f32) -> f32 { return 2.0 * x; }";
        let added = "fn add(x: f32, y: f32) -> f32 { return x + y; }";
        let kept = "var<private> kept: array<f32, 2>;";
        let cases = [
            ("", "data[0] = a * b + 1.0;"),
            ("", "data[0] = 1.0 - max(-(a * b), 0.5);"),
            ("", "data[0] = a; data[0] = (vec2(a, b) * b).y + a;"),
            ("", "var x = a; if a > b { x = a * b; } data[0] = a + x;"),
            (
                "",
                "var x = a; for (var i = 0u; i < 2u; i++) { data[i] = x - b; x *= b; }",
            ),
            ("", "var x = a * b; data[0] = select(x, a, a > b) + b;"),
            ("", "data[0] = bitcast<f32>(bitcast<u32>(a * b)) + b;"),
            (twice, "data[0] = a + twice(b);"),
            (kept, "kept[1] = a * b; data[0] = kept[0] + b;"),
        ];
        for (functions, main) in cases {
            assert_eq!(reports(functions, main), ["main adds a product"], "{main}");
        }
        let found = reports(added, "data[0] = add(a * b, b);");
        assert_eq!(found, ["add adds a product"]);
    }

    #[test]
    fn functions_of_the_device_are_found() {
        for (main, expected) in [
            ("data[0] = fma(a, b, a);", "main uses Fma"),
            ("data[0] = a / b;", "main divides"),
            ("data[0] = exp(a);", "main uses Exp"),
            ("data[0] = dot(vec2(a, b), vec2(b, a));", "main uses Dot"),
        ] {
            assert_eq!(reports("", main), [expected]);
        }
    }

    #[test]
    fn what_cannot_differ_is_not_reported() {
        for main in [
            "data[0] = a * b * 3.0;",
            "data[0] = (a + b) * b;",
            "data[0] = round(a * b) + 1.0;",
            "data[0] = f32(i32(a) * 3 + 1) + b;",
            "data[0] = bitcast<f32>(bitcast<u32>(a * b) ^ u32(b)) + b;",
            "data[0] = a * b; data[1] = data[0] + b;",
        ] {
            assert_eq!(reports("", main), [""; 0], "{main}");
        }
    }
}
