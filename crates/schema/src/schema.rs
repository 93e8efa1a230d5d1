//! What all sources together define. Where two define the same name, the earlier source wins.

use crate::{Source, catalog, describe, docs::Docs, example, form};
use prost_reflect::{EnumDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor};
use std::{collections::HashMap, sync::Arc};
use wirelab_model::{Description, FormTypes, ServiceInfo, SourceId};

/// The types and services of a list of sources. Immutable and cheap to clone; the default is empty.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sources: Vec<Source>,
    services: Vec<ServiceInfo>,
    by_name: HashMap<String, ServiceDescriptor>,
}

impl Schema {
    /// Puts sources together, in the order in which they win.
    pub fn new(sources: impl IntoIterator<Item = (SourceId, Source)>) -> Schema {
        let mut inner = Inner::default();
        for (id, source) in sources {
            let mut docs = Docs::default();
            for service in source.pool().services() {
                let name = service.full_name();
                if source.owns(&service.parent_file()) && !inner.by_name.contains_key(name) {
                    inner.services.push(catalog::service(&service, &id, &mut docs));
                    inner.by_name.insert(name.to_owned(), service);
                }
            }
            inner.sources.push(source);
        }
        inner.services.sort_by(|a, b| a.name.cmp(&b.name));
        Schema { inner: Arc::new(inner) }
    }

    /// Every service, sorted by full name. Services of built-in files are left out.
    pub fn services(&self) -> &[ServiceInfo] {
        &self.inner.services
    }

    /// A method by `pkg.Service/Method`; a slash in front is ignored.
    pub fn method(&self, path: &str) -> Option<MethodDescriptor> {
        let (service, method) = path.strip_prefix('/').unwrap_or(path).rsplit_once('/')?;
        self.method_of(service, method)
    }

    fn method_of(&self, service: &str, method: &str) -> Option<MethodDescriptor> {
        self.inner.by_name.get(service)?.methods().find(|m| m.name() == method)
    }

    /// A message by full name; built-in ones too.
    pub fn message(&self, name: &str) -> Option<MessageDescriptor> {
        let name = name.strip_prefix('.').unwrap_or(name);
        self.inner.sources.iter().find_map(|source| source.pool().get_message_by_name(name))
    }

    fn enumeration(&self, name: &str) -> Option<EnumDescriptor> {
        self.inner.sources.iter().find_map(|source| source.pool().get_enum_by_name(name))
    }

    /// The request of `pkg.Service/Method`, or a message by full name.
    fn request(&self, symbol: &str) -> Option<MessageDescriptor> {
        self.method(symbol).map(|m| m.input()).or_else(|| self.message(symbol))
    }

    /// The request form of `pkg.Service/Method`, or the form of a message by full name.
    pub fn form(&self, method_or_message: &str) -> Option<FormTypes> {
        self.request(method_or_message).map(|message| form::types(&message))
    }

    /// An example of the request of `pkg.Service/Method`, or of a message by full name: pretty ProtoJSON, always
    /// the same for the same schema.
    pub fn example(&self, method_or_message: &str) -> Option<String> {
        self.request(method_or_message).map(|message| example::json(&message))
    }

    /// A service, method (`pkg.Service/Method` or `pkg.Service.Method`), message or enum as `.proto` text.
    pub fn describe(&self, symbol: &str) -> Option<Description> {
        let symbol = symbol.trim();
        let name = symbol.strip_prefix(['.', '/']).unwrap_or(symbol);
        if let Some(service) = self.inner.by_name.get(name) {
            return Some(describe::service(service));
        }
        let method = self.method(name).or_else(|| {
            let (service, method) = name.rsplit_once('.')?;
            self.method_of(service, method)
        });
        if let Some(method) = method {
            return Some(describe::method(&method));
        }
        if let Some(message) = self.message(name) {
            return Some(describe::message(&message));
        }
        self.enumeration(name).map(|e| describe::enumeration(&e))
    }
}
