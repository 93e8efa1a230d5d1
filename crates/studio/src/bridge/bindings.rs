//! What the loaded schemas bind, and requests as bindings send them.

use crate::{Studio, json};
use wirelab_model::*;

impl Studio {
    pub(crate) fn all_bindings(&self) -> Bindings {
        let catalog = self.0.sources.catalog();
        let methods = catalog.services.iter().flat_map(|service| &service.methods);
        let bindings = methods.flat_map(|method| {
            let ruled = method.http.iter().enumerate().map(|(index, rule)| Binding {
                method: method.path.clone(),
                kind: method.kind,
                verb: rule.verb.clone(),
                template: rule.path.clone(),
                body: rule.body.clone(),
                response_body: rule.response_body.clone(),
                additional: index > 0,
                implicit: false,
            });
            ruled.chain([Binding {
                method: method.path.clone(),
                kind: method.kind,
                verb: "POST".into(),
                template: format!("/{}", method.path),
                body: "*".into(),
                implicit: true,
                ..Binding::default()
            }])
        });
        Bindings { bindings: bindings.collect(), problems: Vec::new() }
    }

    pub(crate) fn preview(&self, request: &PreviewBinding) -> Result<BindingPreview, Problem> {
        let PreviewBinding { binding, json, .. } = request;
        let codecs = self.0.sources.codecs();
        let types =
            codecs.method(&binding.method).ok_or_else(|| json::unknown_method(&binding.method))?;
        if let Err(problem) = json::encode(&types.input, json) {
            return Ok(BindingPreview { problem: Some(problem), ..BindingPreview::default() });
        }
        let problem = (!binding.implicit)
            .then(|| Problem::new(ProblemKind::Mismatch, "requests by a rule cannot be shown yet"));
        Ok(BindingPreview {
            verb: binding.verb.clone(),
            target: binding.template.clone(),
            body: Some(json.clone()),
            problem,
            ..BindingPreview::default()
        })
    }
}
