//! A problem as a sentence, with its place and what to do next.

use super::icons::Icon;
use leptos::prelude::*;
use wirelab_model::Problem;

/// Where it happened: `file:line:column`, or the parts that are known.
pub fn place(problem: &Problem) -> Option<String> {
    match (&problem.path, problem.span) {
        (Some(path), Some(span)) => Some(format!("{path}:{}:{}", span.line, span.column)),
        (Some(path), None) => Some(path.clone()),
        (None, Some(span)) => Some(format!("line {}, column {}", span.line, span.column)),
        (None, None) => None,
    }
}

/// One problem.
#[component]
pub fn ProblemLine(problem: Problem) -> impl IntoView {
    let place = place(&problem).map(|place| view! { <code class="problem-place">{place}</code> });
    let help = problem.help.map(|help| view! { <p class="problem-help">{help}</p> });
    view! {
        <div class="problem" role="alert" data-testid="problem">
            {Icon::Warning.view()}
            <div>
                {place}
                <p class="problem-message">{problem.message}</p>
                {help}
            </div>
        </div>
    }
}
