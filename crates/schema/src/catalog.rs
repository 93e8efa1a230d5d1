//! Services and methods as lists show them.

use crate::{docs::Docs, options};
use prost_reflect::{MethodDescriptor, ServiceDescriptor};
use wirelab_model::{CallKind, MethodInfo, ServiceInfo, SourceId};

/// What the catalog says of a service.
pub(crate) fn service(
    service: &ServiceDescriptor,
    source: &SourceId,
    docs: &mut Docs,
) -> ServiceInfo {
    let file = service.parent_file();
    let options = &service.service_descriptor_proto().options;
    ServiceInfo {
        name: service.full_name().to_owned(),
        package: service.package_name().to_owned(),
        source: source.clone(),
        file: file.name().to_owned(),
        docs: docs.of(&file, service.path()),
        deprecated: options.as_ref().is_some_and(|o| o.deprecated()),
        methods: service.methods().map(|m| method(&m, docs)).collect(),
    }
}

fn method(method: &MethodDescriptor, docs: &mut Docs) -> MethodInfo {
    let options = &method.method_descriptor_proto().options;
    MethodInfo {
        path: path(method),
        name: method.name().to_owned(),
        kind: CallKind::new(method.is_client_streaming(), method.is_server_streaming()),
        input: method.input().full_name().to_owned(),
        output: method.output().full_name().to_owned(),
        docs: docs.of(&method.parent_file(), method.path()),
        deprecated: options.as_ref().is_some_and(|o| o.deprecated()),
        http: if options.is_some() { options::http_rules(&method.options()) } else { vec![] },
    }
}

/// `pkg.Service/Method`.
pub(crate) fn path(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}
