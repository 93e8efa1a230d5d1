//! Reflection and health.

use super::{Server, pool};
use std::collections::BTreeSet;
use tokio_stream::StreamExt;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const SERVICES: [&str; 6] = [
    "everything.v1.Everything",
    "helloworld.Greeter",
    "node.v1.NodeService",
    "shop.inventory.v1.InventoryService",
    "shop.order.v1.OrderService",
    "user.v1.UserService",
];

#[test]
fn descriptors_hold_comments_and_http_rules() {
    let pool = pool();
    let service = pool.get_service_by_name("shop.inventory.v1.InventoryService").unwrap();
    let get = service.methods().find(|method| method.name() == "GetStock").unwrap();
    let http = pool.get_extension_by_name("google.api.http").unwrap();
    let rule = get.options().get_extension(&http).to_string();
    assert!(rule.contains("/v1/stock/{sku}"), "{rule}");
    let file = service.parent_file().file_descriptor_proto().clone();
    let comments = file.source_code_info.unwrap_or_default().location;
    assert!(comments.iter().any(|place| place.leading_comments().contains("stock of one article")));
    let samples: BTreeSet<_> = pool.services().map(|found| found.full_name().to_owned()).collect();
    assert!(SERVICES.iter().all(|name| samples.contains(*name)), "{samples:?}");
}

#[tokio::test]
async fn health_of_the_server_and_each_service() {
    let server = Server::start().await;
    let mut client = HealthClient::new(server.channel.clone());
    for service in SERVICES.into_iter().chain([""]) {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = client.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status().as_str_name(), "SERVING", "{service}");
    }
    let request = HealthCheckRequest { service: "no.Such".to_owned() };
    assert_eq!(client.check(request).await.unwrap_err().code(), tonic::Code::NotFound);
}

macro_rules! reflection {
    ($version:ident, $own:literal) => {
        #[tokio::test]
        async fn $version() {
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest,
                server_reflection_response::MessageResponse,
            };
            let server = Server::start().await;
            let mut client = ServerReflectionClient::new(server.channel.clone());
            let mut wanted = vec![MessageRequest::ListServices(String::new())];
            wanted.extend(
                SERVICES
                    .iter()
                    .map(|name| MessageRequest::FileContainingSymbol((*name).to_owned())),
            );
            wanted.push(MessageRequest::FileByFilename("google/api/http.proto".to_owned()));
            let requests: Vec<_> = wanted
                .into_iter()
                .map(|wanted| ServerReflectionRequest {
                    host: String::new(),
                    message_request: Some(wanted),
                })
                .collect();
            let answers =
                client.server_reflection_info(tokio_stream::iter(requests)).await.unwrap();
            let mut answers = answers.into_inner();
            let mut names = BTreeSet::new();
            let mut files = BTreeSet::new();
            while let Some(answer) = answers.next().await {
                match answer.unwrap().message_response.unwrap() {
                    MessageResponse::ListServicesResponse(list) => {
                        names.extend(list.service.into_iter().map(|service| service.name));
                    }
                    MessageResponse::FileDescriptorResponse(found) => {
                        files.extend(found.file_descriptor_proto);
                    }
                    other => panic!("{other:?}"),
                }
            }
            let mut all = BTreeSet::from(SERVICES.map(str::to_owned));
            all.extend(["grpc.health.v1.Health".to_owned(), $own.to_owned()]);
            assert_eq!(names, all);
            // Byte for byte as compiled, so that options and comments are there.
            assert_eq!(files.len(), 7);
            for file in files {
                let at = crate::DESCRIPTORS.windows(file.len()).any(|window| window == file);
                assert!(at, "a file of {} bytes was changed", file.len());
            }
        }
    };
}

reflection!(v1, "grpc.reflection.v1.ServerReflection");
reflection!(v1alpha, "grpc.reflection.v1alpha.ServerReflection");
